/** Lists winners: of the last week or the caller's own, the newest first; of one raffle, in the order of the draws. */
import { and, asc, desc, eq, gte, type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import { requireUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { type PageOf, type PageQuery, readCursor, toPage } from '../core/paging.ts'
import { DAY_MS } from '../core/time.ts'
import { findPublishedRaffle } from '../raffles/find-raffle.ts'
import type { ListWinners, Winner } from './contract.ts'
import { selectWinners } from './find-winner.ts'
import { presentWinner } from './present.ts'
import { winners } from './schema.ts'

const RECENT_MS = 7 * DAY_MS

export function listWinners(ctx: Ctx, query: ListWinners): Promise<PageOf<Winner>> {
  if (query.mine) return page(ctx, query, eq(winners.userId, requireUser(ctx).userId), NEWEST_FIRST)
  return page(ctx, query, gte(winners.announcedAt, query.since ?? ctx.now - RECENT_MS), NEWEST_FIRST)
}

export async function listRaffleWinners(
  ctx: Ctx,
  raffleId: string,
  query: PageQuery,
): Promise<PageOf<Winner>> {
  const found = await page(ctx, query, eq(winners.raffleId, raffleId), OLDEST_FIRST)
  // Only a published raffle has winners, so only an empty page needs a second query.
  if (found.data.length === 0) await findPublishedRaffle(ctx, raffleId)
  return found
}

const NEWEST_FIRST = { direction: desc, after: sql`<` }
const OLDEST_FIRST = { direction: asc, after: sql`>` }

async function page(
  ctx: Ctx,
  query: PageQuery,
  condition: SQL,
  { direction, after }: typeof NEWEST_FIRST | typeof OLDEST_FIRST,
): Promise<PageOf<Winner>> {
  const last = readCursor(query.cursor, z.tuple([z.number(), z.string()]))
  const rest =
    last === undefined
      ? undefined
      : sql`(${winners.announcedAt}, ${winners.id}) ${after} (${last[0]}, ${last[1]})`
  const rows = await selectWinners(ctx)
    .where(and(condition, rest))
    .orderBy(direction(winners.announcedAt), direction(winners.id))
    .limit(query.limit + 1)
  return toPage(rows, query.limit, ({ winner }) => [winner.announcedAt, winner.id], presentWinner)
}
