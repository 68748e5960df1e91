/** Lists raffles: published ones for everybody, an organisation's drafts also for members who may edit them. */
import { and, asc, desc, eq, ne, type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import { hasPermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import { containsWords } from '../core/search.ts'
import type { ListRaffles, Raffle } from './contract.ts'
import { selectRaffles } from './find-raffle.ts'
import { statusSql } from './life-cycle.ts'
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
  const { column, direction, after, keyOf } = ORDERS[query.sort]
  const seesDrafts =
    query.organisationId !== undefined && (await hasPermission(ctx, query.organisationId, 'raffles:write'))
  const conditions: (SQL | undefined)[] = [
    seesDrafts ? undefined : ne(raffles.status, 'draft'),
    query.organisationId === undefined ? undefined : eq(raffles.organisationId, query.organisationId),
    query.seriesId === undefined ? undefined : eq(raffles.seriesId, query.seriesId),
    query.categoryId === undefined ? undefined : eq(raffles.categoryId, query.categoryId),
    query.currency === undefined ? undefined : eq(raffles.priceCurrency, query.currency),
    query.status === undefined ? undefined : sql`${statusSql(ctx.now)} = ${query.status}`,
    query.q === undefined ? undefined : containsWords(sql`${raffles.title}`, query.q),
  ]
  const last = readCursor(query.cursor, CursorKey, query.sort)
  if (last !== undefined) conditions.push(sql`(${column}, ${raffles.id}) ${after} (${last[1]}, ${last[2]})`)
  const rows = await selectRaffles(ctx)
    .where(and(...conditions))
    .orderBy(direction(column), direction(raffles.id))
    .limit(query.limit + 1)
  const facts = { now: ctx.now, settings: ctx.settings }
  return toPage(
    rows,
    query.limit,
    ({ raffle }) => [query.sort, keyOf(raffle), raffle.id],
    (found) => presentRaffle(found, facts),
  )
}
