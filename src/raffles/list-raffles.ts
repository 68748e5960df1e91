/** Lists raffles: published ones for everybody, an organisation's drafts also for members who may edit them. */
import { and, asc, desc, eq, ne, type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import { hasPermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { preparedOnce } from '../core/database.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import { containsWords } from '../core/search.ts'
import type { Raffle, RaffleStatus } from './contract.ts'
import { selectShownRaffles } from './find-raffle.ts'
import { statusSql } from './life-cycle.ts'
import type { ListRaffles } from './list-contract.ts'
import { presentRaffle } from './present.ts'
import { raffles } from './schema.ts'

const ORDERS = {
  drawAt: { column: raffles.drawAt, direction: asc, after: sql`>`, keyOf: (row: SortedRow) => row.drawAt },
  '-drawAt': {
    column: raffles.drawAt,
    direction: desc,
    after: sql`<`,
    keyOf: (row: SortedRow) => row.drawAt,
  },
  '-createdAt': {
    column: raffles.createdAt,
    direction: desc,
    after: sql`<`,
    keyOf: (row: SortedRow) => row.createdAt,
  },
} as const

type SortedRow = { id: string; drawAt: number; createdAt: number }

/** The sort order comes first, because a cursor is valid only in the order that made it. */
const CursorKey = z.tuple([z.string(), z.number(), z.string()])

export async function listRaffles(ctx: Ctx, query: ListRaffles): Promise<PageOf<Raffle>> {
  const { keyOf } = ORDERS[query.sort]
  const seesDrafts =
    query.organisationId !== undefined && (await hasPermission(ctx, query.organisationId, 'raffles:write'))
  const last = readCursor(query.cursor, CursorKey, query.sort)
  const rows = await selectPage(ctx, query, { seesDrafts, isFirst: last === undefined }).all({
    ...query,
    status: JSON.stringify(query.status ?? []),
    now: ctx.now,
    lastKey: last?.[1],
    lastId: last?.[2],
    limit: query.limit + 1,
  })
  const facts = { now: ctx.now, settings: ctx.settings, isMember: seesDrafts }
  return toPage(
    rows,
    query.limit,
    ({ raffle }) => [query.sort, keyOf(raffle), raffle.id],
    (found) => presentRaffle(found, facts),
  )
}

/** The shown statuses of a raffle whose stored status is `scheduled`. */
const WAITING = new Set<RaffleStatus>(['scheduled', 'open', 'closed', 'committed'])

interface Form {
  seesDrafts: boolean
  isFirst: boolean
}

/** The query of a page. Its placeholders are the fields of `query`, and `now`, `lastKey` and `lastId`. */
function selectPage(ctx: Ctx, query: ListRaffles, { seesDrafts, isFirst }: Form) {
  const { column, direction, after } = ORDERS[query.sort]
  const isSent = (name: keyof ListRaffles) => query[name] !== undefined
  const given = (name: keyof ListRaffles, condition: SQL) => (isSent(name) ? condition : undefined)
  const { placeholder } = sql
  // Most raffles are over, and a list by draw that looks for open ones must not read all of them first. The index of the
  // others is found only by this very text. A list by creation starts with the newest, which are seldom over.
  const isWaiting = query.sort !== '-createdAt' && query.status?.every((status) => WAITING.has(status))
  const narrow = isWaiting === true ? sql`${raffles.status} = 'scheduled'` : undefined
  const build = () =>
    selectShownRaffles(ctx)
      .where(
        and(
          seesDrafts ? undefined : ne(raffles.status, 'draft'),
          given('organisationId', eq(raffles.organisationId, placeholder('organisationId'))),
          given('seriesId', eq(raffles.seriesId, placeholder('seriesId'))),
          given('categoryId', eq(raffles.categoryId, placeholder('categoryId'))),
          given('currency', eq(raffles.priceCurrency, placeholder('currency'))),
          narrow,
          given(
            'status',
            sql`${statusSql(placeholder('now'))} IN (SELECT value FROM json_each(${placeholder('status')}))`,
          ),
          query.q === undefined
            ? undefined
            : containsWords(sql`coalesce(${raffles.folded}, lower(${raffles.title}))`, query.q),
          isFirst
            ? undefined
            : sql`(${column}, ${raffles.id}) ${after} (${placeholder('lastKey')}, ${placeholder('lastId')})`,
        ),
      )
      .orderBy(direction(column), direction(raffles.id))
      .limit(placeholder('limit'))
      .prepare()
  // The words of a search are part of the query's text, so it is built each time.
  if (query.q !== undefined) return build()
  const filters = (['organisationId', 'seriesId', 'categoryId', 'currency', 'status'] as const).filter(isSent)
  return preparedOnce(
    ctx.db,
    `raffles ${query.sort} ${filters.join(' ')} ${isWaiting} ${seesDrafts} ${isFirst}`,
    build,
  )
}
