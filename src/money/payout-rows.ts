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
  methodId?: string | null
  /** It is not sent before (ms since 1970). */
  payableFrom?: number | null
}

/** A statement to batch with the change that causes the payout. It inserts if `guard` holds and the subject has no payout. */
export function insertPayout(ctx: Ctx, payout: NewPayout, guard: SQL) {
  return ctx.db
    .insert(payouts)
    .select(sql`
      SELECT ${payout.id ?? newId('payout')}, ${payout.kind}, ${payout.subject}, ${payout.raffleId}, ${payout.organisationId},
             ${payout.userId}, ${payout.provider}, ${payout.destination}, ${payout.amount}, ${payout.currency},
             'requested', ${payout.requestedBy}, ${payout.key}, ${payout.request}, NULL, NULL, NULL, 0, 0, NULL, NULL,
             ${ctx.now}, ${ctx.now}, ${payout.eventId ?? null}, ${payout.methodId ?? null}, ${payout.payableFrom ?? null}, NULL
      WHERE ${guard}`)
    .onConflictDoNothing()
}

/** Guard in a statement on `payouts`: its payout method is no longer new. */
export const isPayableYet = ({ now }: Pick<Ctx, 'now'>): SQL =>
  sql`(coalesce(${payouts.payableFrom}, 0) <= ${now})`

/** When the sweep sends an approved payout: now, or once its payout method is no longer new. */
export const dueOncePayable = ({ now }: Pick<Ctx, 'now'>): SQL =>
  sql`max(coalesce(${payouts.payableFrom}, 0), ${now})`

/** Guard in a statement on `payouts`: its payout method was not removed. */
export const isNotStopped: SQL = sql`${payouts.stoppedAt} IS NULL`
