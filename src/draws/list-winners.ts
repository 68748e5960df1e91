/**
 * Lists winners: of the last week, the caller's own, or those to decide on, the newest first; of one raffle, in the order
 * of the draws.
 */
import { and, asc, desc, eq, gte, inArray, type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import { organisationsWith, requireCheckedUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { type PageOf, type PageQuery, readCursor, toPage } from '../core/paging.ts'
import { DAY_MS } from '../core/time.ts'
import { findPublishedRaffle } from '../raffles/find-raffle.ts'
import { raffles } from '../raffles/schema.ts'
import type { ListWinners, Winner } from './contract.ts'
import { type SelectedWinner, selectWinners } from './find-winner.ts'
import { presentToMember, presentToWinner, presentWinner } from './present.ts'
import { disqualifications, winners } from './schema.ts'

const RECENT_MS = 7 * DAY_MS

export async function listWinners(ctx: Ctx, query: ListWinners): Promise<PageOf<Winner>> {
  if (query.needs === 'decision') return listUndecided(ctx, query)
  if (query.mine) {
    const isMine = eq(winners.userId, requireCheckedUser(ctx).userId)
    return page(ctx, query, isMine, NEWEST_FIRST, presentToWinner)
  }
  const recent = gte(winners.announcedAt, query.since ?? ctx.now - RECENT_MS)
  // A corrected result has other winners; a raffle's own list shows both.
  return page(ctx, query, and(recent, sql`${winners.status} <> 'void'`)!, NEWEST_FIRST)
}

/** The winners under review in the organisations whose winners the caller manages; an administrator sees all. */
async function listUndecided(ctx: Ctx, query: PageQuery): Promise<PageOf<Winner>> {
  const mine = await organisationsWith(ctx, ['winners:manage'])
  const undecided = and(
    sql`${winners.id} IN (SELECT ${disqualifications.winnerId} FROM ${disqualifications}
      WHERE ${disqualifications.status} = 'proposed' AND ${disqualifications.lapsesAt} > ${ctx.now})`,
    // A provider may have paid after all: then there is nothing left to decide.
    inArray(winners.status, ['announced', 'claimed']),
    mine === null ? undefined : inArray(raffles.organisationId, mine),
  )!
  return page(ctx, query, undecided, NEWEST_FIRST, presentToMember)
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
  present: (found: SelectedWinner) => Winner = presentWinner,
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
  return toPage(rows, query.limit, ({ winner }) => [winner.announcedAt, winner.id], present)
}
