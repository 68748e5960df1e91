/** Announces the winners of an attempt: their rows and mails, the money of the draw, and the notices to all holders. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import { enqueueMails } from '../accounts/mail/enqueue-mail.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { newId } from '../core/ids.ts'
import { type RaffleRow, raffles } from '../raffles/schema.ts'
import type { DrawnWinner } from '../tickets/pool-contract.ts'
import { startNotices } from './notify-holders.ts'
import { disqualifications, winners } from './schema.ts'
import { seatProblems } from './seat-of-winner.ts'
import { insertDraw, takingsByProvider } from './settle-ledger.ts'
import { claimByOf, winnerMails } from './winner-mails.ts'

/**
 * Writes an attempt's winners and their mails and advances the raffle, in one transaction. The draw (attempt 0) also
 * writes its transfers and starts the notices to all holders. Idempotent: a repeat writes nothing new.
 *
 * Race: another sweep may accept a correction meanwhile, which voids the winners that are stored. Safe: winners that are
 * stored later are void from the start, and get no mail.
 */
export async function announceWinners(
  ctx: Ctx,
  raffle: RaffleRow,
  sold: number,
  attempt: number,
  drawn: DrawnWinner[],
): Promise<void> {
  const disqualified = attempt === 0 ? [] : await readDisqualified(ctx, raffle)
  const reasonFor = ({ number, holder }: DrawnWinner): string | null =>
    disqualified.find((each) => each.number === number && each.userId === holder)?.reason ?? null
  const rows = drawn.map((each) => ({
    id: newId('winner'),
    unit: each.unit,
    number: each.number,
    userId: each.holder,
    reservationId: each.reservationId,
    reason: reasonFor(each),
  }))
  // 0: a beacon draws.
  const decides = sql`(SELECT accepted_results FROM raffles WHERE id = ${raffle.id}) IN (0, ${attempt + 1})`
  // One statement for any number of winners: all columns of the table, in its order (raw SQL cannot be batched).
  const insertWinners = ctx.db
    .insert(winners)
    .select(sql`
      SELECT value->>'id', ${raffle.id}, ${attempt}, value->>'unit', value->>'number', value->>'userId',
             value->>'reservationId', CASE WHEN NOT ${decides} THEN 'void' WHEN value->>'reason' IS NULL THEN 'announced' ELSE 'disqualified' END,
             ${ctx.now}, ${claimByOf(raffle, ctx.now)}, NULL, NULL, value->>'reason',
             ${ctx.now}
      FROM json_each(${JSON.stringify(rows)}) WHERE true`)
    .onConflictDoNothing({ target: [winners.raffleId, winners.attempt, winners.unit] })
  const markDrawn = ctx.db
    .update(raffles)
    .set({ status: 'drawn', drawnAttempts: attempt + 1, updatedAt: ctx.now })
    .where(
      and(
        eq(raffles.id, raffle.id),
        eq(raffles.drawnAttempts, attempt),
        inArray(raffles.status, ['scheduled', 'drawn']),
      ),
    )
  const problems = await seatProblems(ctx, raffle)
  const mails = winnerMails(
    raffle,
    attempt,
    drawn.filter((each) => reasonFor(each) === null),
    ctx.now,
    problems,
  )
  const mailWinners = enqueueMails(ctx, 'won', mails, { bulk: false, guard: decides })
  const by = await takingsByProvider(ctx, raffle.id)
  const once = attempt === 0 ? [insertDraw(ctx, raffle, sold, by), startNotices(ctx, raffle.id)] : []
  await withRetry(() => ctx.db.batch([insertWinners, markDrawn, mailWinners, ...once]))
}

/**
 * Who was disqualified in an earlier attempt. A redraw leaves such tickets out; a result of a lottery can name one again. Nobody
 * is added meanwhile: the winners before a correction are void by now.
 */
const readDisqualified = (ctx: Ctx, { id, draw }: RaffleRow) =>
  draw.method !== 'lottery'
    ? Promise.resolve([])
    : ctx.db
        .select({ number: winners.number, userId: winners.userId, reason: disqualifications.reason })
        .from(winners)
        .innerJoin(disqualifications, eq(disqualifications.winnerId, winners.id))
        .where(and(eq(winners.raffleId, id), eq(disqualifications.status, 'confirmed')))
