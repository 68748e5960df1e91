/** The table of line kinds: one port for each kind of thing that an order can sell, in the order that texts use. */
import type { LinePort } from '../line.ts'
import { admissionLine } from './admission-line.ts'
import { productLine } from './product-line.ts'
import { raffleLine } from './raffle-line.ts'

export type LineTable = Record<string, LinePort>

/** Keyed by the `kind` that is stored with each line. A key must never change. */
export const LINES = {
  raffle: raffleLine,
  product: productLine,
  admission: admissionLine,
} satisfies LineTable

/** The fields of the wire that name an item. A line has exactly one of them. */
export type ReferenceField = (typeof LINES)[keyof typeof LINES]['reference']['field']

const TABLE: LineTable = LINES

export function linePort(kind: string): LinePort {
  const port = TABLE[kind]
  // A newer version of the worker may have sold it. This version must not guess what it is.
  if (port === undefined) throw new Error(`no kind of line is called ${kind}`)
  return port
}

/** Groups lines by their kind, in the order of the table. */
export function byPort<Line>(
  lines: readonly Line[],
  kindOf: (line: Line) => string,
): [port: LinePort, lines: Line[]][] {
  const groups = Map.groupBy(lines, (line) => linePort(kindOf(line)))
  const kinds = Object.values(TABLE)
  return [...groups].toSorted(([a], [b]) => kinds.indexOf(a) - kinds.indexOf(b))
}

/** Makes one field for each kind of line in `table`, from the schema of its ids. */
export const referenceFields = <Field>(
  table: LineTable,
  fieldOf: (id: LinePort['reference']['id']) => Field,
) =>
  Object.fromEntries(
    Object.values(table).map(({ reference: { field, id } }) => [field, fieldOf(id)]),
  ) as Record<ReferenceField, Field>

/** All items that a line of a request names. A valid line names exactly one. */
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

/** All reference fields of a line. Only the field of its own kind is not null. */
export const presentReference = (line: { kind: string; itemId: string }) =>
  Object.fromEntries(
    Object.entries(TABLE).map(([kind, { reference }]) => [
      reference.field,
      kind === line.kind ? line.itemId : null,
    ]),
  ) as Record<ReferenceField, string | null>
