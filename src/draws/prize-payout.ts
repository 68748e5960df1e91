/** The payouts of prizes: the statements that change a payout and its winner together. */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { NewPayout } from '../money/payout-rows.ts'
import { payouts } from '../money/schema.ts'
import { winners } from './schema.ts'

/** A statement, to be batched with a claim that names another place: where it is not under way, the payout goes there, approved anew. */
export const redirectPayoutOf = (
  ctx: Ctx,
  winnerId: string,
  { provider, destination }: Pick<NewPayout, 'provider' | 'destination'>,
) =>
  ctx.db
    .update(payouts)
    .set({
      provider,
      destination,
      status: 'requested',
      approvedBy: null,
      // Of one that failed: the provider knows the key of each attempt.
      attempt: sql`${payouts.attempt} + (${payouts.status} = 'failed')`,
      tries: 0,
      attention: null,
      updatedAt: ctx.now,
    })
    .where(
      sql`${payouts.kind} = 'prize' AND ${payouts.subject} = ${winnerId}
        AND ${payouts.status} IN ('requested', 'failed')
        AND (${payouts.provider}, ${payouts.destination}) <> (${provider}, ${destination})
        AND ${isClaimed(winnerId)}`,
    )

/** Where the winner's prize goes; undefined if it was never asked for. */
export const destinationOf = (ctx: Ctx, winnerId: string) =>
  ctx.db
    .select({ provider: payouts.provider, destination: payouts.destination })
    .from(payouts)
    .where(sql`${payouts.kind} = 'prize' AND ${payouts.subject} = ${winnerId}`)
    .get()

/** The winner has claimed the prize and still stands. */
export const isClaimed = (winnerId: string): SQL =>
  sql`EXISTS (SELECT 1 FROM winners WHERE id = ${winnerId} AND status = 'claimed')`

/** No provider has been asked yet to pay the prize, or all that were have said that they failed. */
export const isNotSent = (winnerId: string): SQL => sql`NOT EXISTS (
  SELECT 1 FROM payouts WHERE kind = 'prize' AND subject = ${winnerId} AND status IN ('sent', 'paid'))`

/** A statement, to be batched with the disqualification: the winner's payout, if any, is not made any more. */
export const cancelPayoutOf = (ctx: Ctx, winnerId: string) =>
  ctx.db
    .update(payouts)
    .set({ status: 'cancelled', dueAt: null, attention: null, updatedAt: ctx.now })
    .where(
      sql`${payouts.kind} = 'prize' AND ${payouts.subject} = ${winnerId}
        AND ${payouts.status} IN ('requested', 'approved', 'failed')
        AND EXISTS (SELECT 1 FROM ${winners} WHERE id = ${winnerId} AND status = 'disqualified')`,
    )
