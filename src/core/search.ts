/** Search by words: a text matches if it contains every word of the query, in any case. */
import { or, type SQL, sql } from 'drizzle-orm'

/** Bounds the query. Words after the eighth are ignored. */
const MAX_WORDS = 8

/**
 * SQLite's `lower` changes only A to Z. So each word is searched in lower case, capitalised and in capitals: `ñandú`
 * finds `Ñandú`. No character is a wildcard. A query without words finds nothing.
 */
export function containsWords(text: SQL, query: string): SQL {
  const words = query.normalize('NFC').match(/\S+/g) ?? []
  if (words.length === 0) return sql`0`
  const each = words.slice(0, MAX_WORDS).map((word) => {
    const small = word.toLowerCase()
    const capitals = word.toUpperCase()
    const spelt = new Set([small, capitals, [...capitals][0]! + [...small].slice(1).join('')])
    return or(...[...spelt].map((spelling) => sql`instr(lower(${text}), lower(${spelling})) > 0`))!
  })
  return sql.join(each, sql` AND `)
}
