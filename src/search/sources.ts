/** Reads what the index is made from, out of the main database: in one statement, with the number of the last change. */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { onPrimary } from '../core/position.ts'

interface Owned {
  id: string
  title: string
  description: string
  tags: string
  organisationId: string
  organisationSlug: string
  organisationName: string
  categoryId: string | null
  categorySlug: string | null
  categoryName: string | null
}

export interface EventSource extends Owned {
  slug: string
  status: 'draft' | 'published' | 'cancelled'
  images: string
  venue: string | null
  address: string | null
  city: string | null
  country: string | null
  latitude: number | null
  longitude: number | null
  startsAt: number
  endsAt: number
  postponedAt: number | null
  prices: [currency: string, amount: number][]
}

export interface RaffleSource extends Owned {
  slug: string
  status: 'draft' | 'scheduled' | 'drawn' | 'settled' | 'cancelled'
  imageUrl: string | null
  location: string | null
  priceAmount: number
  priceCurrency: string
  opensAt: number
  closesAt: number
  drawAt: number
  /** Null: it has no pool yet. */
  pool: string | null
  closedAt: number | null
  committed: number
  cancelled: number
}

export interface ProductSource extends Owned {
  status: 'draft' | 'active' | 'archived'
  images: string
  details: string
  priceAmount: number
  priceCurrency: string
}

export interface Sources {
  /** The ids that were asked for. What has none of the rows below was deleted. */
  ids: string[]
  events: EventSource[]
  raffles: RaffleSource[]
  products: ProductSource[]
  /** The numbers of the oldest and the newest change that the database has; 0: it has none. */
  oldest: number
  newest: number
  /** The last change of this page. */
  upTo: number
}

/** How many ids are read at once. */
export const PAGE = 100

/** Values by the name that a source has for them. SQLite's functions take 32 at most. */
type Columns = Record<string, SQL>

const owned = (table: SQL): Columns => ({
  id: sql`${table}.id`,
  title: sql`${table}.title`,
  description: sql`${table}.description`,
  tags: sql`${table}.tags`,
  status: sql`${table}.status`,
  organisationId: sql`o.id`,
  organisationSlug: sql`o.slug`,
  organisationName: sql`o.name`,
  categoryId: sql`c.id`,
  categorySlug: sql`c.slug`,
  categoryName: sql`c.name`,
})
const owners = (table: SQL): SQL => sql`JOIN organisations o ON o.id = ${table}.organisation_id
  LEFT JOIN categories c ON c.id = ${table}.category_id`

const EVENT: Columns = {
  ...owned(sql`e`),
  slug: sql`e.slug`,
  images: sql`e.images`,
  venue: sql`e.venue`,
  address: sql`e.address`,
  city: sql`e.city`,
  country: sql`e.country`,
  latitude: sql`e.latitude`,
  longitude: sql`e.longitude`,
  startsAt: sql`e.starts_at`,
  endsAt: sql`e.ends_at`,
  postponedAt: sql`e.postponed_at`,
  prices: sql`(SELECT json_group_array(json_array(price_currency, price_amount)) FROM ticket_types
    WHERE event_id = e.id AND is_hidden = 0)`,
}

const RAFFLE: Columns = {
  ...owned(sql`r`),
  slug: sql`r.slug`,
  imageUrl: sql`r.image_url`,
  location: sql`r.location`,
  priceAmount: sql`r.price_amount`,
  priceCurrency: sql`r.price_currency`,
  opensAt: sql`r.opens_at`,
  closesAt: sql`r.closes_at`,
  drawAt: sql`r.draw_at`,
  pool: sql`q.pool`,
  closedAt: sql`q.closed_at`,
  committed: sql`q.commitment IS NOT NULL`,
  cancelled: sql`q.cancellation IS NOT NULL`,
}

const PRODUCT: Columns = {
  ...owned(sql`p`),
  images: sql`p.images`,
  details: sql`p.details`,
  priceAmount: sql`p.price_amount`,
  priceCurrency: sql`p.price_currency`,
}

const valuesOf = (columns: Columns): SQL => sql`json_array(${sql.join(Object.values(columns), sql`, `)})`

function sourceOf<Source>(columns: Columns, values: string): Source {
  const read = JSON.parse(values) as unknown[]
  return Object.fromEntries(Object.keys(columns).map((name, at) => [name, read[at]])) as Source
}

/** The things that changed after `clock`. */
export const readChanged = (ctx: Ctx, clock: number): Promise<Sources> =>
  readSources(
    ctx,
    sql`SELECT seq, item_id AS id FROM search_changes WHERE seq > ${clock} ORDER BY seq LIMIT ${PAGE}`,
  )

/** The ids of all kinds in the order in which they were made: without their kind, ids sort by time. */
export const madeAt = (id: string): string => id.slice(id.indexOf('_') + 1)

/** The next things in the order in which they were made. */
export const readMadeAfter = (ctx: Ctx, walk: string): Promise<Sources> => {
  const some = (table: SQL, prefix: string) => sql`SELECT id FROM (
    SELECT id FROM ${table} WHERE id > ${`${prefix}_${walk}`} ORDER BY id LIMIT ${PAGE})`
  const all = sql.join(
    [some(sql`events`, 'event'), some(sql`raffles`, 'raffle'), some(sql`products`, 'prod')],
    sql` UNION ALL `,
  )
  return readSources(
    ctx,
    sql`SELECT 0 AS seq, id FROM (${all}) ORDER BY substr(id, instr(id, '_') + 1) LIMIT ${PAGE}`,
  )
}

/** `page`: the ids to read, each with the number of its change. */
async function readSources(ctx: Ctx, page: SQL): Promise<Sources> {
  // One statement sees one state, so the rows are as of the newest change. A replica could be behind.
  const rows = await onPrimary(() =>
    ctx.db.all<{ kind: 'facts' | 'id' | 'event' | 'raffle' | 'product'; a: unknown; b: unknown }>(sql`
      WITH page AS MATERIALIZED (${page})
      SELECT 'facts' AS kind, coalesce((SELECT min(seq) FROM search_changes), 0) AS a,
        coalesce((SELECT max(seq) FROM search_changes), 0) AS b
      UNION ALL SELECT 'id', id, seq FROM page
      UNION ALL SELECT 'event', ${valuesOf(EVENT)}, NULL FROM events e ${owners(sql`e`)}
        WHERE e.id IN (SELECT id FROM page)
      UNION ALL SELECT 'raffle', ${valuesOf(RAFFLE)}, NULL FROM raffles r ${owners(sql`r`)}
        LEFT JOIN pools q ON q.pool = r.pool WHERE r.id IN (SELECT id FROM page)
      UNION ALL SELECT 'product', ${valuesOf(PRODUCT)}, NULL FROM products p ${owners(sql`p`)}
        WHERE p.id IN (SELECT id FROM page)`),
  )
  const of = (kind: (typeof rows)[number]['kind']) => rows.filter((row) => row.kind === kind)
  const [facts] = of('facts')
  const ids = of('id')
  return {
    ids: [...new Set(ids.map(({ a }) => a as string))],
    events: of('event').map(({ a }) => sourceOf(EVENT, a as string)),
    raffles: of('raffle').map(({ a }) => sourceOf(RAFFLE, a as string)),
    products: of('product').map(({ a }) => sourceOf(PRODUCT, a as string)),
    oldest: facts!.a as number,
    newest: facts!.b as number,
    upTo: ids.reduce((latest, { b }) => Math.max(latest, b as number), 0),
  }
}
