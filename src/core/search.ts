/** Finding by words: each of what is asked for must stand in the text, in whatever case. */
import { or, type SQL, sql } from 'drizzle-orm'

/** More words than anybody types; what is beyond them is not asked for. */
const MAX_WORDS = 8

/**
 * The database lowers A to Z alone, so a word is looked for as it is written small, capitalised and in capitals: an
 * `Ñandú` is found by `ñandú`. Nothing in a word is special; where there are none nothing is found.
 */
export function hasWords(text: SQL, query: string): SQL {
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
