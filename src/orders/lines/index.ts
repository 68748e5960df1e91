/** The table of line kinds: one port for each thing that an order can sell, in the order in which texts speak of them. */
import type { LinePort } from '../line.ts'
import { productLine } from './product-line.ts'
import { raffleLine } from './raffle-line.ts'

export type LineTable = Record<string, LinePort>

/** By the word that a line's `kind` is in the database, for good. */
export const LINES = { raffle: raffleLine, product: productLine } satisfies LineTable

/** The fields of the wire that name an item: a line has one of them. */
export type ReferenceField = (typeof LINES)[keyof typeof LINES]['reference']['field']

const TABLE: LineTable = LINES

export function linePort(kind: string): LinePort {
  const port = TABLE[kind]
  // A newer version may have sold it: this one must not guess what it is.
  if (port === undefined) throw new Error(`no kind of line is called ${kind}`)
  return port
}

/** Lines by their kind, in the order of the table. */
export function byPort<Line>(
  lines: readonly Line[],
  kindOf: (line: Line) => string,
): [port: LinePort, lines: Line[]][] {
  const groups = Map.groupBy(lines, (line) => linePort(kindOf(line)))
  const kinds = Object.values(TABLE)
  return [...groups].toSorted(([one], [other]) => kinds.indexOf(one) - kinds.indexOf(other))
}

/** A field for each kind of line in `table`, made of the ids that it takes. */
export const referenceFields = <Field>(
  table: LineTable,
  fieldOf: (id: LinePort['reference']['id']) => Field,
) =>
  Object.fromEntries(
    Object.values(table).map(({ reference: { field, id } }) => [field, fieldOf(id)]),
  ) as Record<ReferenceField, Field>

/** What a line of the wire names: every kind and item, of which it must be one. */
export function namedItems(
  table: LineTable,
  line: { [Field in ReferenceField]?: string | undefined },
): { kind: string; itemId: string }[] {
  const named: Record<string, string | undefined> = line
  return Object.entries(table).flatMap(([kind, { reference }]) => {
    const itemId = named[reference.field]
    return itemId === undefined ? [] : [{ kind, itemId }]
  })
}

/** Every field that names an item on the wire; all but the one of the line's own kind are null. */
export const presentReference = (line: { kind: string; itemId: string }) =>
  Object.fromEntries(
    Object.entries(TABLE).map(([kind, { reference }]) => [
      reference.field,
      kind === line.kind ? line.itemId : null,
    ]),
  ) as Record<ReferenceField, string | null>
