/** The statements that bring documents into the index. Each may be repeated, and changes nothing if a later one has run. */
import { type SQL, sql } from 'drizzle-orm'
import type { Document } from './documents.ts'

/** Which rebuild, and which state of the main database, documents were read from. */
export interface ReadAt {
  pass: number
  version: number
}

/** Words that are worth suggesting. */
const SUGGESTED = /^[\p{L}\p{M}]{3,30}$/u

/**
 * Race: a writer that read earlier may write later. Safe: each row has the pass and the version that it was read at, and an
 * earlier pair changes nothing. The text is written only if the row is of this very pair.
 */
const UNLESS_LATER = sql`WHERE (excluded.pass, excluded.version) >= (documents.pass, documents.version)`

const isThis = (id: string, { pass, version }: ReadAt): SQL =>
  sql`FROM documents WHERE id = ${id} AND pass = ${pass} AND version = ${version}`

export function statementsToList(document: Document, at: ReadAt): SQL[] {
  const { id, texts, point } = document
  const words = [...new Set([texts.title, texts.names, texts.place].join(' ').split(' '))]
  return [
    sql`
      INSERT INTO documents (id, type, pass, version, is_listed, hit, status, opens_at, closes_at, ends_at, date, prices,
        latitude, longitude, city, folded_city, category_slug, category_name, tags)
      VALUES (${id}, ${document.type}, ${at.pass}, ${at.version}, 1, ${JSON.stringify(document.hit)},
        ${document.status}, ${document.opensAt}, ${document.closesAt}, ${document.endsAt}, ${document.date},
        ${JSON.stringify(document.prices)}, ${point?.latitude ?? null}, ${point?.longitude ?? null},
        ${document.city}, ${document.foldedCity}, ${document.hit.category?.slug ?? null},
        ${document.hit.category?.name ?? null}, ${JSON.stringify(document.tags)})
      ON CONFLICT (id) DO UPDATE SET pass = excluded.pass, version = excluded.version, is_listed = 1,
        hit = excluded.hit, status = excluded.status, opens_at = excluded.opens_at,
        closes_at = excluded.closes_at, ends_at = excluded.ends_at, date = excluded.date,
        prices = excluded.prices, latitude = excluded.latitude, longitude = excluded.longitude,
        city = excluded.city, folded_city = excluded.folded_city, category_slug = excluded.category_slug,
        category_name = excluded.category_name, tags = excluded.tags
      ${UNLESS_LATER}`,
    sql`
      INSERT OR REPLACE INTO texts (rowid, title, names, place, body, marks)
      SELECT number, ${texts.title}, ${texts.names}, ${texts.place}, ${texts.body}, ${texts.marks} ${isThis(id, at)}`,
    sql`
      INSERT INTO vocabulary (word, pass)
      SELECT value, ${at.pass} FROM json_each(${JSON.stringify(words.filter((word) => SUGGESTED.test(word)))})
      WHERE true
      ON CONFLICT (word) DO UPDATE SET pass = excluded.pass WHERE excluded.pass > vocabulary.pass`,
  ]
}

/** The row stays without its text, so that a writer that is late cannot bring it back. */
export const statementsToDrop = (id: string, at: ReadAt): SQL[] => [
  sql`
    INSERT INTO documents (id, type, pass, version, is_listed, hit, status, prices, tags)
    VALUES (${id}, '', ${at.pass}, ${at.version}, 0, '', '', '{}', '{}')
    ON CONFLICT (id) DO UPDATE SET pass = excluded.pass, version = excluded.version, is_listed = 0, hit = ''
    ${UNLESS_LATER}`,
  sql`DELETE FROM texts WHERE rowid IN (SELECT number ${isThis(id, at)})`,
]

/** What a rebuild has not found again. The same rows three times, so that texts and rows go together. */
export const statementsToForget = (pass: number, limit: number): SQL[] => {
  const stale = sql`SELECT number FROM documents WHERE pass < ${pass} ORDER BY pass, number LIMIT ${limit}`
  return [
    sql`DELETE FROM texts WHERE rowid IN (${stale})`,
    sql`DELETE FROM documents WHERE number IN (${stale})`,
    sql`DELETE FROM vocabulary WHERE number IN (
      SELECT number FROM vocabulary WHERE pass < ${pass} ORDER BY pass, number LIMIT ${limit})`,
  ]
}
