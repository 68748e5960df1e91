/**
 * Inserts a payout. A winner can be disqualified until the payout is sent, and a payout is sent only while its winner
 * counts. The two can race, so each statement carries a guard that checks the other's row.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { newId } from '../core/ids.ts'
import { type PayoutRow, payouts } from './schema.ts'

export type NewPayout = Pick<
  PayoutRow,
  | 'kind'
  | 'subject'
  | 'raffleId'
  | 'organisationId'
  | 'userId'
  | 'provider'
  | 'destination'
  | 'amount'
  | 'currency'
  | 'requestedBy'
  | 'key'
  | 'request'
> & {
  /** Given by a caller that has to know it. */
  id?: string
  eventId?: string | null
}

/** A statement to batch with the change that causes the payout. It inserts if `guard` holds and the subject has no payout. */
export function insertPayout(ctx: Ctx, payout: NewPayout, guard: SQL) {
  return ctx.db
    .insert(payouts)
    .select(sql`
      SELECT ${payout.id ?? newId('payout')}, ${payout.kind}, ${payout.subject}, ${payout.raffleId}, ${payout.organisationId},
             ${payout.userId}, ${payout.provider}, ${payout.destination}, ${payout.amount}, ${payout.currency},
             'requested', ${payout.requestedBy}, ${payout.key}, ${payout.request}, NULL, NULL, NULL, 0, 0, NULL, NULL,
             ${ctx.now}, ${ctx.now}, ${payout.eventId ?? null}
      WHERE ${guard}`)
    .onConflictDoNothing()
}
