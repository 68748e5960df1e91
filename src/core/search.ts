/** Search by words: a text matches if it contains every word of the query, whatever its case, accents and punctuation. */
import { type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import { fold } from './fold.ts'

/** The words of a query, as a list takes them. */
export const SearchWords = z.string().min(1).max(100).meta({
  description: 'Words that must all occur, in any order, case and spelling of accents.',
})

/** Bounds the query. Words after the eighth are ignored. */
const MAX_WORDS = 8

/** Looks through a column of folded text. No character is a wildcard. A query without words finds nothing. */
export function containsWords(folded: SQL, query: string): SQL {
  const words = fold(query)
    .split(' ')
    .filter((word) => word !== '')
  if (words.length === 0) return sql`0`
  const each = words.slice(0, MAX_WORDS).map((word) => sql`instr(${folded}, ${word}) > 0`)
  return sql.join(each, sql` AND `)
}
