/**
 * Payouts as rows: how one is written down, and the guards that hold it and its winner together. A winner can be
 * disqualified until the payout is sent, and a payout sent only while its winner stands: each asks in its own statement.
 */
import { type SQL, sql } from 'drizzle-orm'
import { isTopUpOf } from '../accounting/top-ups.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import type { Money } from '../core/money.ts'
import { winners } from '../draws/schema.ts'
import { moneyText } from '../orders/history-text.ts'
import { account } from './ledger.ts'
import { isLossOf } from './losses.ts'
import { type PayoutRow, type PayoutStatus, payouts } from './schema.ts'

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
>

/** A statement, to be batched with what makes it due: the payout, unless there is one of its subject; where `guard` holds. */
export function insertPayout(ctx: Ctx, payout: NewPayout, guard: SQL) {
  return ctx.db
    .insert(payouts)
    .select(sql`
      SELECT ${newId('payout')}, ${payout.kind}, ${payout.subject}, ${payout.raffleId}, ${payout.organisationId},
             ${payout.userId}, ${payout.provider}, ${payout.destination}, ${payout.amount}, ${payout.currency},
             'requested', ${payout.requestedBy}, ${payout.key}, ${payout.request}, NULL, NULL, NULL, 0, 0, NULL, NULL,
             ${ctx.now}, ${ctx.now}
      WHERE ${guard}`)
    .onConflictDoNothing()
}

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

/** Of a payout in the statement's own table: nothing speaks against paying it. */
export const isStillOwed: SQL = sql`(${payouts.kind} <> 'prize' OR EXISTS (
  SELECT 1 FROM winners WHERE winners.id = ${payouts.subject} AND winners.status = 'claimed'))`

/** Asked for and not paid yet. */
export const UNPAID: PayoutStatus[] = ['requested', 'approved', 'sent', 'failed']

/**
 * What the ledger owes an organisation by its raffles and top-ups in a currency, less what it has lost to its buyers'
 * banks and its other payouts of that in `statuses`: a guaranteed raffle that took in too little takes from what others
 * have left. Read by the keys of what moves the account.
 */
export function leftForOrganiser(
  { organisationId, currency, id }: { organisationId: string; currency: string | SQL; id?: string },
  statuses: PayoutStatus[],
): SQL {
  const organiser = account.organiser(organisationId)
  const ofRaffle = (what: string) =>
    sql`SELECT ${`${what}:`} || id FROM raffles WHERE organisation_id = ${organisationId}`
  const mine = sql`FROM payouts AS mine WHERE mine.organisation_id = ${organisationId} AND mine.kind = 'organiser'`
  return sql`(
    (SELECT coalesce(sum(iif(credit = ${organiser}, amount, -amount)), 0) FROM transfers
      WHERE transaction_id IN (${ofRaffle('draw')} UNION ALL ${ofRaffle('settle')}
          UNION ALL SELECT 'payout:' || mine.id || ':paid' ${mine}
          UNION ALL SELECT transaction_id FROM transfers
            WHERE ${isTopUpOf(organisationId)} OR ${isLossOf(organisationId)})
        AND currency = ${currency} AND ${organiser} IN (debit, credit))
    - (SELECT coalesce(sum(mine.amount), 0) ${mine} AND mine.currency = ${currency} AND mine.id <> ${id ?? ''}
        AND mine.status IN (SELECT value FROM json_each(${JSON.stringify(statuses)}))))`
}

/** What an organisation's shop has earned in a currency less what went back, and less its other payouts in `statuses`. */
export function leftForShop(
  { organisationId, currency, id = '' }: { organisationId: string; currency: string; id?: string },
  statuses: PayoutStatus[],
): SQL {
  const shop = account.shop(organisationId)
  // The ranges are those of the two indexes.
  return sql`(
    (SELECT coalesce(sum(amount), 0) FROM transfers WHERE credit = ${shop} AND currency = ${currency}
      AND credit >= 'shop:' AND credit < 'shop:~')
    - (SELECT coalesce(sum(amount), 0) FROM transfers WHERE debit = ${shop} AND currency = ${currency}
      AND debit >= 'shop:' AND debit < 'shop:~')
    - (SELECT coalesce(sum(mine.amount), 0) FROM payouts AS mine
      WHERE mine.organisation_id = ${organisationId} AND mine.kind = 'shop' AND mine.currency = ${currency}
        AND mine.id <> ${id} AND mine.status IN (SELECT value FROM json_each(${JSON.stringify(statuses)}))))`
}

/** Why less is left than its raffle has, by as much as is `missing`. */
export const owesElsewhere = (missing: Money): Problem =>
  new Problem(
    'invalid_state',
    `The organisation owes ${moneyText(missing)} to prizes of other raffles or for what buyers’ banks took back, or has asked for it already. Once it has paid that in and an administrator has recorded it as a top-up, this can be paid out.`,
  )

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
