/** Paging for every list: `?limit=1..100&cursor=` in, `{ data, nextCursor }` out. A cursor is opaque and stable. */
import * as z from 'zod'
import { Problem } from './errors.ts'

export const DEFAULT_PAGE = 20
export const MAX_PAGE = 100

/** Query parameters of every list. */
export const PageQuery = z.object({
  limit: z.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE),
  cursor: z.string().min(1).max(512).optional(),
})
export type PageQuery = z.infer<typeof PageQuery>

/**
 * The schema of one page of `item`s; in the API document it is named after the item: `RafflePage`. Like all schemas of
 * answers it is made when the document or a test reads it.
 */
export const Page = <Item extends z.ZodType>(item: Item) =>
  z.lazy(() => {
    const page = z.strictObject({ data: z.array(item), nextCursor: z.string().nullable() })
    const name = nameOf(item)
    return name === undefined ? page : page.meta({ id: `${name}Page` })
  })

const nameOf = (schema: z.core.$ZodType): string | undefined =>
  schema instanceof z.ZodLazy ? nameOf(schema._zod.innerType) : z.globalRegistry.get(schema)?.id

export type PageOf<Item> = { data: Item[]; nextCursor: string | null }

/** The sort key of the last row of a page. The next page starts after it. */
export type CursorKey = readonly (string | number)[]

const encode = (key: CursorKey): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(key))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

function decode(cursor: string): unknown {
  const binary = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(binary, (byte) => byte.charCodeAt(0))
  return JSON.parse(new TextDecoder().decode(bytes))
}

/**
 * Reads a cursor that `toPage` made. Throws `malformed_request` for any other text, and for a cursor of another `order`
 * (the first part of its key).
 */
export function readCursor<Key extends z.ZodType<CursorKey>>(
  cursor: string | undefined,
  key: Key,
  order?: string,
): z.infer<Key> | undefined {
  if (cursor === undefined) return undefined
  try {
    const read = key.parse(decode(cursor))
    // Decoding is lenient: padding, stray bits and white space give the same key. Only the text that we made is accepted.
    if (encode(read) !== cursor) throw new Error('the cursor is spelled in another way')
    if (order === undefined || read[0] === order) return read
    throw new Error('the cursor is of another order')
  } catch {
    throw new Problem('malformed_request', 'The cursor does not come from this list.')
  }
}

/**
 * How many rows a filtered page reads. Few rows may pass a filter that has no index of its own, and one page must not read
 * a whole table to find them. Such a page may be short: its cursor goes on where the reading stopped.
 */
export const MOST_ROWS_READ = 2_000

/**
 * Makes a page from rows that were read with `limit + 1`. The extra row only shows that there is a next page. `readTo` is
 * the key of the last row that a filtered page has read, if more rows follow it.
 */
export function toPage<Row, Item>(
  rows: Row[],
  limit: number,
  keyOf: (row: Row) => CursorKey,
  present: (row: Row) => Item,
  readTo?: CursorKey,
): PageOf<Item> {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const end = rows.length > limit && last !== undefined ? keyOf(last) : readTo
  return { data: page.map(present), nextCursor: end === undefined ? null : encode(end) }
}
