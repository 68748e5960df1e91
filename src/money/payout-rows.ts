/**
 * Payouts as rows: how one is written down, and the guards that hold it and its winner together. A winner can be
 * disqualified until the payout is sent, and a payout sent only while its winner stands: each asks in its own statement.
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
  /** Where the caller has to know it. */
  id?: string
}

/** A statement, to be batched with what makes it due: the payout, unless there is one of its subject; where `guard` holds. */
export function insertPayout(ctx: Ctx, payout: NewPayout, guard: SQL) {
  return ctx.db
    .insert(payouts)
    .select(sql`
      SELECT ${payout.id ?? newId('payout')}, ${payout.kind}, ${payout.subject}, ${payout.raffleId}, ${payout.organisationId},
             ${payout.userId}, ${payout.provider}, ${payout.destination}, ${payout.amount}, ${payout.currency},
             'requested', ${payout.requestedBy}, ${payout.key}, ${payout.request}, NULL, NULL, NULL, 0, 0, NULL, NULL,
             ${ctx.now}, ${ctx.now}
      WHERE ${guard}`)
    .onConflictDoNothing()
}
