/**
 * The query of a search. One lookup in the text index finds the documents that have the words and the marks, at most
 * `MOST_MATCHES` of them, so that no text costs more. Only those are filtered, sorted and counted.
 */
import { type SQL, sql } from 'drizzle-orm'
import { withIsbn13 } from '../catalog/isbn.ts'
import type { Ctx } from '../core/context.ts'
import { PAST_STATUSES, type SearchQuery, type Sort, TYPES } from './contract.ts'
import { cellsAround, EARTH_KM, type Point } from './grid.ts'
import { categoryMark, cellMark, monthMarks, tagMark, typeMark } from './marks.ts'
import { searchDatabase } from './search-database.ts'
import { allIn, marked, phrasesOf, TEXT_COLUMNS } from './words.ts'

/** How many documents one search looks through: the newest of those that match. */
export const MOST_MATCHES = 5_000

/** How many rows of each facet are shown. */
const MOST_FACETS = 20

/** The weights of title, names, place, body and marks. A word in a title counts ten times as much as one in a description. */
const RANK = sql.raw('bm25(texts, 10, 4, 4, 1, 0)')

/** After everything that has a date. */
const NO_DATE = 9_000_000_000_000_000

export interface FoundRow {
  what: 'hit' | 'count' | 'type' | 'category' | 'city' | 'tag'
  /** The id of a hit; the name of a facet's row. */
  id: string
  /** What a hit shows, as JSON; the name of a facet's row as it is written; of the count, how many matched. */
  label: string | number | null
  /** What a hit is sorted by; how many there are. */
  key: number
  km: number | null
  status: string | null
}

export const sortOf = ({ sort, q, near }: SearchQuery): Sort =>
  sort ?? (q !== undefined ? 'relevance' : near !== undefined ? 'distance' : 'date')

/** The expression for the text index; null: nothing can match. */
export function matchOf(query: SearchQuery): string | null {
  const { q, location, type, tags, tagsMatch, category, near, radiusKm, from, to } = query
  const parts: string[] = []
  for (const [columns, text] of [
    [TEXT_COLUMNS, q === undefined ? undefined : withIsbn13(q)],
    ['place', location],
  ] as const) {
    if (text === undefined) continue
    const phrases = phrasesOf(text)
    if (phrases.length === 0) return null
    parts.push(allIn(columns, phrases))
  }
  if (tags !== undefined) parts.push(marked(tags.map(tagMark), tagsMatch === 'all' ? 'AND' : 'OR'))
  if (category !== undefined) parts.push(marked(category.map(categoryMark), 'OR'))
  if (near !== undefined) parts.push(marked(cellsAround(near, radiusKm).map(cellMark), 'OR'))
  const months = from === undefined || to === undefined ? null : monthMarks(from, to)
  if (months !== null) parts.push(marked(months, 'OR'))
  if (type !== undefined || parts.length === 0) parts.push(marked((type ?? TYPES).map(typeMark), 'OR'))
  return parts.join(' AND ')
}

/** The status at a time. The same rules are in `events/life-cycle.ts` and `raffles/life-cycle.ts`; a test compares them. */
const statusAt = (now: number): SQL => sql`CASE
  WHEN d.ends_at <= ${now} THEN 'over'
  WHEN d.status = 'scheduled' AND d.closes_at <= ${now} THEN 'closed'
  WHEN d.status = 'scheduled' AND d.opens_at <= ${now} THEN 'open'
  ELSE d.status END`

/** The haversine formula, as `grid.ts` has it. */
const kmFrom = ({ latitude, longitude }: Point): SQL => sql`2 * ${EARTH_KM} * asin(sqrt(min(1,
  pow(sin(radians(d.latitude - ${latitude}) / 2), 2)
  + cos(radians(${latitude})) * cos(radians(d.latitude)) * pow(sin(radians(d.longitude - ${longitude}) / 2), 2))))`

/** A path into the prices of a document. A currency has three letters, so nothing in it is special. */
const priceIn = (currency: string, end: 0 | 1): SQL => sql`json_extract(d.prices, ${`$.${currency}[${end}]`})`

/** What each order sorts by: the smallest first, of columns of `every`. */
const KEYS: Record<Sort, SQL> = {
  relevance: sql`rank`,
  date: sql`coalesce(date, ${sql.raw(String(NO_DATE))})`,
  '-date': sql`coalesce(-date, ${sql.raw(String(NO_DATE))})`,
  distance: sql`km`,
  price: sql`lowest`,
  '-price': sql`-lowest`,
}

function filtersOf(query: SearchQuery): SQL[] {
  const { status, near, radiusKm, from, to, currency, minPrice, maxPrice } = query
  return [
    status === undefined
      ? sql`status NOT IN (SELECT value FROM json_each(${JSON.stringify(PAST_STATUSES)}))`
      : sql`status IN (SELECT value FROM json_each(${JSON.stringify(status)}))`,
    ...(near === undefined ? [] : [sql`km <= ${radiusKm}`]),
    ...(from === undefined ? [] : [sql`date >= ${from}`]),
    ...(to === undefined ? [] : [sql`date < ${to}`]),
    ...(currency === undefined ? [] : [sql`lowest IS NOT NULL`]),
    ...(minPrice === undefined ? [] : [sql`highest >= ${minPrice}`]),
    ...(maxPrice === undefined ? [] : [sql`lowest <= ${maxPrice}`]),
  ]
}

const facet = (what: FoundRow['what'], id: SQL, label: SQL, from: SQL = sql`found`): SQL => sql`
  SELECT * FROM (SELECT ${what}, ${id}, ${label}, count(*) AS many, NULL, NULL FROM ${from}
    WHERE ${id} IS NOT NULL GROUP BY ${id} ORDER BY many DESC, ${id} LIMIT ${MOST_FACETS})`

/** D1 takes five parts in a row at most. */
const FACETS = sql`${facet('type', sql`type`, sql`type`)}
  UNION ALL ${facet('category', sql`category_slug`, sql`min(category_name)`)}
  UNION ALL ${facet('city', sql`folded_city`, sql`min(city)`)}
  UNION ALL ${facet('tag', sql`each.key`, sql`min(each.value)`, sql`found CROSS JOIN json_each(found.tags) AS each`)}`

export interface PageAfter {
  key: number
  id: string
}

/** Rows of one page and, on the first page, of all counts. They come in no order. */
export function findDocuments(
  ctx: Ctx,
  query: SearchQuery,
  match: string,
  after: PageAfter | undefined,
): Promise<FoundRow[]> {
  const sort = sortOf(query)
  const { currency, near } = query
  const statement = sql`
    WITH matched AS MATERIALIZED (
      SELECT rowid AS number, ${sort === 'relevance' ? RANK : sql`0`} AS rank FROM texts
      WHERE texts MATCH ${match} ORDER BY rowid DESC LIMIT ${MOST_MATCHES + 1}),
    every AS MATERIALIZED (
      SELECT d.number, d.id, d.type, d.date, d.city, d.folded_city, d.category_slug, d.category_name, d.tags,
        ${statusAt(ctx.now)} AS status, ${near === undefined ? sql`NULL` : kmFrom(near)} AS km,
        ${currency === undefined ? sql`NULL` : priceIn(currency, 0)} AS lowest,
        ${currency === undefined ? sql`NULL` : priceIn(currency, 1)} AS highest, m.rank
      FROM matched m CROSS JOIN documents d ON d.number = m.number),
    found AS MATERIALIZED (
      SELECT *, ${KEYS[sort]} AS key FROM every WHERE ${sql.join(filtersOf(query), sql` AND `)}),
    page AS MATERIALIZED (
      SELECT number, id, key, km, status FROM found
      ${after === undefined ? sql`` : sql`WHERE (key, id) > (${after.key}, ${after.id})`}
      ORDER BY key, id LIMIT ${query.limit + 1})
    SELECT 'hit' AS what, page.id AS id, d.hit AS label, page.key AS key, page.km AS km, page.status AS status
      FROM page CROSS JOIN documents d ON d.number = page.number
    UNION ALL SELECT 'count', '', (SELECT count(*) FROM matched), (SELECT count(*) FROM found), NULL, NULL
    ${after === undefined ? sql`UNION ALL SELECT * FROM (${FACETS})` : sql``}`
  return searchDatabase(ctx).all<FoundRow>(statement)
}
