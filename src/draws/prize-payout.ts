/** The payouts of prizes: the statements that change a payout and its winner together. */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { dueOncePayable, isPayableYet } from '../money/payout-rows.ts'
import { type MethodRow, payouts } from '../money/schema.ts'
import { prizeSeats } from '../raffles/schema.ts'
import { disqualifications, winners } from './schema.ts'
import { isPendingFor, isUnderReview } from './under-review.ts'

/**
 * A statement to batch with a repeated claim. It redirects a payout that is not under way, which then needs a new approval.
 * An approved one that waits for its new payout method is not under way: its winner may have found a stranger's method.
 */
export const redirectPayoutOf = (
  ctx: Ctx,
  winnerId: string,
  { id, provider, destination, payableFrom }: MethodRow,
  guard: SQL,
) =>
  ctx.db
    .update(payouts)
    .set({
      provider,
      destination,
      methodId: id,
      payableFrom,
      stoppedAt: null,
      status: 'requested',
      dueAt: null,
      approvedBy: null,
      // A failed payout needs a new attempt, because the provider already knows the key of the failed one.
      attempt: sql`${payouts.attempt} + (${payouts.status} = 'failed')`,
      tries: 0,
      // A provider's report about an earlier attempt is for a person to check: another claim must not hide it.
      attention: sql`iif(${payouts.status} = 'requested' AND ${payouts.stoppedAt} IS NULL, ${payouts.attention}, NULL)`,
      updatedAt: ctx.now,
    })
    .where(
      sql`${payouts.kind} = 'prize' AND ${payouts.subject} = ${winnerId}
        AND (${payouts.status} IN ('requested', 'failed')
          OR (${payouts.status} = 'approved' AND NOT ${isPayableYet(ctx)}))
        AND ((${payouts.provider}, ${payouts.destination}) <> (${provider}, ${destination})
          OR ${payouts.stoppedAt} IS NOT NULL)
        AND ${mayBePaid(ctx, winnerId)} AND ${guard}`,
    )

/** The destination of the winner's payout; undefined if there is no payout. */
export const destinationOf = (ctx: Ctx, winnerId: string) =>
  ctx.db
    .select({
      provider: payouts.provider,
      destination: payouts.destination,
      payableFrom: payouts.payableFrom,
    })
    .from(payouts)
    .where(sql`${payouts.kind} = 'prize' AND ${payouts.subject} = ${winnerId}`)
    .get()

/** The winner has claimed the prize, was not disqualified since, and is not under review. */
export const mayBePaid = (ctx: Ctx, winnerId: string): SQL =>
  sql`(EXISTS (SELECT 1 FROM winners WHERE id = ${winnerId} AND status = 'claimed')
    AND NOT ${isUnderReview(ctx, winnerId)})`

/** No payout of the prize is with a provider: none was sent, or every sent one failed. No admission is being issued. */
export const isNotSent = (winnerId: string): SQL => sql`(NOT EXISTS (
  SELECT 1 FROM payouts WHERE kind = 'prize' AND subject = ${winnerId} AND status IN ('sent', 'paid'))
  AND NOT EXISTS (SELECT 1 FROM ${prizeSeats} WHERE ${prizeSeats.winnerId} = ${winnerId}
    AND ${prizeSeats.state} IN ('issuing', 'issued')))`

/** A statement to batch with a proposal: the sweep sends an approved payout no earlier than the review ends. */
export const postponePayoutOf = (ctx: Ctx, winnerId: string) =>
  ctx.db
    .update(payouts)
    .set({
      dueAt: sql`max(coalesce(${payouts.payableFrom}, 0),
        (SELECT ${disqualifications.lapsesAt} FROM ${disqualifications} WHERE ${isPendingFor(ctx, winnerId)}))`,
    })
    .where(sql`${isApprovedOf(winnerId)} AND ${isUnderReview(ctx, winnerId)}`)

/** A statement to batch with a withdrawal: the next sweep sends an approved payout. */
export const resumePayoutOf = (ctx: Ctx, winnerId: string) =>
  ctx.db
    .update(payouts)
    .set({ dueAt: dueOncePayable(ctx) })
    .where(sql`${isApprovedOf(winnerId)} AND NOT ${isUnderReview(ctx, winnerId)}`)

const isApprovedOf = (winnerId: string): SQL =>
  sql`${payouts.kind} = 'prize' AND ${payouts.subject} = ${winnerId} AND ${payouts.status} = 'approved'`

/** A statement to batch with the disqualification: cancels the winner's payout, if there is one. */
export const cancelPayoutOf = (ctx: Ctx, winnerId: string) =>
  ctx.db
    .update(payouts)
    .set({ status: 'cancelled', dueAt: null, attention: null, updatedAt: ctx.now })
    .where(
      sql`${payouts.kind} = 'prize' AND ${payouts.subject} = ${winnerId}
        AND ${payouts.status} IN ('requested', 'approved', 'failed')
        AND EXISTS (SELECT 1 FROM ${winners} WHERE id = ${winnerId} AND status = 'disqualified')`,
    )
