/**
 * What the results of an official lottery do in a raffle that it decides. A correction supersedes the result before it, and is
 * refused once a prize is paid or delivered. One statement decides between the two: a payout that is sent, and a correction.
 */
import { and, eq, inArray, lt, type SQL, sql } from 'drizzle-orm'
import { enqueueMails } from '../accounts/mail/enqueue-mail.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { DAY_MS } from '../core/time.ts'
import { type ConfirmedResult, listConfirmedResults } from '../lotteries/confirmed-results.ts'
import { findDraw } from '../lotteries/find-lottery.ts'
import { lotteryDraws, lotteryResults } from '../lotteries/schema.ts'
import { payouts } from '../money/schema.ts'
import { findRaffle } from '../raffles/find-raffle.ts'
import { prizeSeats, type RaffleRow, raffles } from '../raffles/schema.ts'
import { IS_ON_LOTTERY, isDrawOf } from '../raffles/uses-of-lottery.ts'
import { askPool, orThrow } from '../tickets/client.ts'
import type { Commitment } from '../tickets/pool-contract.ts'
import { pools } from '../tickets/schema.ts'
import { announceWinners } from './announce-winners.ts'
import type { LotteryFacts } from './next-result-step.ts'
import { type WinnerRow, winners } from './schema.ts'
import { whyNotAccountable } from './settle-ledger.ts'

/** Null: a beacon draws. */
export async function readLotteryFacts(
  ctx: Ctx,
  raffle: RaffleRow,
  won: readonly WinnerRow[],
): Promise<LotteryFacts | null> {
  const { draw, drawAt, claimDays, acceptedResults: accepted, refusedResults: refused } = raffle
  if (draw.method !== 'lottery') return null
  const results = await listConfirmedResults(ctx, draw.lotteryId, draw.date)
  const official = await findDraw(ctx, draw.lotteryId, draw.date)
  const isSkipped = official?.skipConfirmedBy != null
  const isHeld = official !== undefined && !isSkipped && official.drawAt <= ctx.now
  const isPaid = won.length > 0 && (await holds(ctx, isPaidPrize(raffle.id)))
  const mayCorrect = accepted > 0 && !isPaid && results.length > accepted + refused
  const isPaying = mayCorrect && (await holds(ctx, isPaidOut(raffle.id)))
  return { drawAt, claimDays, results, accepted, refused, isHeld, isSkipped, isPaid, isPaying }
}

/**
 * For a query of the sweep: raffles whose lottery has a result that they have neither refused nor announced the winners of;
 * raffles on sale whose official draw is held or was skipped; and committed raffles whose draw was skipped, once the days are
 * over in which a result could bring it back. Their `due_at` stays, because it may protect a call that is under way. They are due since that event,
 * so that the sweep tells if they cannot continue.
 */
export const withNewResults = (ctx: Ctx): SQL => sql`
  SELECT id, (SELECT max(${lotteryResults.confirmedAt}) FROM ${lotteryResults} WHERE ${isDrawOf(lotteryResults)}) AS due_at
  FROM raffles
  WHERE ${IS_ON_LOTTERY} AND drawn_attempts + refused_results < (
    SELECT count(*) FROM ${lotteryResults} WHERE ${isDrawOf(lotteryResults)})
  UNION ALL
  SELECT id, iif(${lotteryDraws.skipConfirmedBy} IS NULL, ${lotteryDraws.drawAt}, ${lotteryDraws.updatedAt}) FROM raffles CROSS JOIN ${lotteryDraws} ON ${isDrawOf(lotteryDraws)}
  WHERE ${IS_ON_LOTTERY} AND ${raffles.status} = 'scheduled'
    AND EXISTS (SELECT 1 FROM ${pools} WHERE ${pools.pool} = raffles.pool
      AND ${pools.commitment} IS NULL AND ${pools.cancellation} IS NULL)
    AND (${lotteryDraws.drawAt} <= ${ctx.now} OR ${lotteryDraws.skipConfirmedBy} IS NOT NULL)
  UNION ALL
  SELECT id, raffles.draw_at + claim_days * ${DAY_MS} FROM raffles CROSS JOIN ${lotteryDraws} ON ${isDrawOf(lotteryDraws)}
  WHERE ${IS_ON_LOTTERY} AND ${raffles.status} = 'scheduled' AND accepted_results = 0
    AND raffles.draw_at + claim_days * ${DAY_MS} <= ${ctx.now} AND ${lotteryDraws.skipConfirmedBy} IS NOT NULL`

/**
 * A prize is paid or delivered. A share of zero takings is `paid` without a payout, and nobody has received anything. A
 * payout that arrived after it was cancelled counts too: a later correction might name its winner again.
 */
const isPaidPrize = (raffleId: string): SQL => sql`EXISTS (
  SELECT 1 FROM ${winners} WHERE ${winners.raffleId} = ${raffleId} AND (${winners.status} = 'delivered'
    OR EXISTS (SELECT 1 FROM ${payouts} WHERE ${payouts.kind} = 'prize' AND ${payouts.subject} = ${winners.id}
      AND ${payouts.status} = 'paid')))`

/**
 * A prize is paid or delivered, or a provider has its payout, or its ticket is being issued. A payout by hand that is `sent`
 * waits for a person, who cannot mark it any more once its winner is void.
 */
const isPaidOut = (raffleId: string): SQL => sql`(
  ${isPaidPrize(raffleId)}
  OR EXISTS (SELECT 1 FROM ${payouts} JOIN ${winners} ON ${winners.id} = ${payouts.subject}
    WHERE ${winners.raffleId} = ${raffleId} AND ${payouts.kind} = 'prize'
      AND (${payouts.status} = 'paid' OR (${payouts.status} = 'sent' AND ${payouts.provider} <> 'manual')))
  OR EXISTS (SELECT 1 FROM ${prizeSeats} WHERE ${prizeSeats.raffleId} = ${raffleId}
    AND ${prizeSeats.state} IN ('issuing', 'issued')))`

async function holds(ctx: Ctx, condition: SQL): Promise<boolean> {
  const { found } = await ctx.db.get<{ found: number }>(sql`SELECT ${condition} AS found`)
  return found === 1
}

/** By the sweep: somebody could have bought with the result in hand. */
export async function cancelAsKnown(
  ctx: Ctx,
  { id, pool }: RaffleRow,
  isPublished: boolean,
): Promise<string | null> {
  const reason = isPublished
    ? 'The official result was published before the list of tickets was fixed.'
    : 'The official draw was held before the list of tickets was fixed.'
  const outcome = await askPool(ctx, pool, (stub) => stub.cancel('late', reason))
  // The pool may have committed meanwhile.
  return outcome.ok ? whyNotProjected(ctx, id) : outcome.detail
}

/** By the sweep: the list is not fixed yet, or nobody has recorded a result in the days that winners have to claim. */
export async function cancelAsSkipped(ctx: Ctx, { id, pool }: RaffleRow): Promise<string | null> {
  const outcome = await askPool(ctx, pool, (stub) => stub.cancel('late', 'The official draw was not held.'))
  return outcome.ok ? whyNotProjected(ctx, id) : outcome.detail
}

async function whyNotProjected(ctx: Ctx, id: string): Promise<string | null> {
  const { pool } = await findRaffle(ctx, id)
  return pool?.cancellation == null ? 'the cancellation is not projected to the database yet' : null
}

interface NewResult {
  attempt: number
  result: ConfirmedResult
}

/**
 * From here on this result decides the raffle. Its winners are announced in the next step. Race: a payout that is sent at the
 * same time. Safe: this statement needs that none is sent, and sending needs a winner who is not void.
 */
export async function acceptResult(
  ctx: Ctx,
  raffle: RaffleRow,
  { attempt, result }: NewResult,
): Promise<string | null> {
  const { id, organisationId, title } = raffle
  const accept = ctx.db
    .update(raffles)
    .set({
      acceptedResults: attempt + 1,
      revision: sql`${raffles.revision} + 1`,
      updatedAt: ctx.now,
    })
    .where(
      and(
        eq(raffles.id, id),
        eq(raffles.acceptedResults, attempt),
        eq(raffles.refusedResults, 0),
        inArray(raffles.status, ['scheduled', 'drawn']),
        sql`NOT ${isPaidOut(id)}`,
      ),
    )
    .returning({ id: raffles.id })
  const isAccepted = sql`EXISTS (SELECT 1 FROM raffles WHERE id = ${id} AND accepted_results = ${attempt + 1})`
  const superseded = and(eq(winners.raffleId, id), lt(winners.attempt, attempt))
  const audited = insertAudit(ctx, {
    action: 'raffle.result_accepted',
    subject: { kind: 'raffle', id },
    organisationId,
    fields: [`results.${attempt}`],
    actor: 'system',
  })
  const losers =
    attempt === 0
      ? []
      : await ctx.db
          .selectDistinct({ to: winners.userId })
          .from(winners)
          .where(and(superseded, inArray(winners.status, ['announced', 'claimed'])))
  const mails = losers.map(({ to }) => ({ to, subject: `${id}:${attempt}:${to}` }))
  const data = { raffleId: id, title, reason: result.reason ?? '' }
  const [accepted] = await withRetry(() =>
    ctx.db.batch([
      accept,
      audited,
      ctx.db
        .update(winners)
        .set({ status: 'void', reason: result.reason, updatedAt: ctx.now })
        .where(and(superseded, sql`${winners.status} NOT IN ('void', 'disqualified')`, isAccepted)),
      ctx.db
        .update(payouts)
        .set({ status: 'cancelled', dueAt: null, attention: null, updatedAt: ctx.now })
        .where(
          sql`${payouts.kind} = 'prize' AND (${payouts.status} IN ('requested', 'approved', 'failed')
              OR (${payouts.status} = 'sent' AND ${payouts.provider} = 'manual'))
            AND ${payouts.subject} IN (SELECT id FROM winners WHERE raffle_id = ${id} AND status = 'void')`,
        ),
      enqueueMails(ctx, 'result_corrected', mails, { bulk: false, guard: isAccepted, data }),
    ]),
  )
  // Another sweep has accepted it, or a payout was sent since the facts were read.
  return accepted.length > 0 ? null : 'the result is being accepted, or a prize is being paid'
}

/**
 * For good: a prize is paid or delivered, so its winners stay. After one refusal every later correction is refused too, even
 * if that payment came back.
 */
export async function refuseResults(ctx: Ctx, raffle: RaffleRow, count: number): Promise<string | null> {
  const { id, organisationId, acceptedResults } = raffle
  const refuse = ctx.db
    .update(raffles)
    .set({ refusedResults: count, revision: sql`${raffles.revision} + 1`, updatedAt: ctx.now })
    .where(
      and(
        eq(raffles.id, id),
        eq(raffles.acceptedResults, acceptedResults),
        lt(raffles.refusedResults, count),
        sql`(${raffles.refusedResults} > 0 OR ${isPaidPrize(id)})`,
      ),
    )
  const audited = insertAudit(ctx, {
    action: 'raffle.result_refused',
    subject: { kind: 'raffle', id },
    organisationId,
    fields: [`results.${acceptedResults + count - 1}`],
    actor: 'system',
  })
  await withRetry(() => ctx.db.batch([refuse, audited]))
  return null
}

/** The pool records the result and names the winners. If only the announcement was lost, it returns the same ones. */
export async function drawByResult(
  ctx: Ctx,
  raffle: RaffleRow,
  { ticketCount }: Commitment,
  { attempt, result: { numbers, source, reason } }: NewResult,
): Promise<string | null> {
  const whyNot = attempt === 0 ? await whyNotAccountable(ctx, raffle, ticketCount) : null
  if (whyNot !== null) return whyNot
  const request = { attempt, numbers, source, reason: reason ?? '' }
  const { winners: drawn } = orThrow(await askPool(ctx, raffle.pool, (stub) => stub.recordResult(request)))
  await announceWinners(ctx, raffle, ticketCount, attempt, drawn)
  return null
}
