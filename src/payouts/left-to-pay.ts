/** What an organisation may still be paid: its part of the takings, less what was paid or is on its way. */
import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import { Problem } from '../core/errors.ts'
import type { Money } from '../core/money.ts'
import { formatMoney } from '../core/money.ts'
import { account } from '../money/ledger.ts'
import { isLossOf } from '../money/losses.ts'
import { type PayoutStatus, payouts } from '../money/schema.ts'
import { isTopUpOf } from '../money/top-up-key.ts'

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
    `The organisation owes ${formatMoney(missing)} to prizes of other raffles or for what buyers’ banks took back, or has asked for it already. Once it has paid that in and an administrator has recorded it as a top-up, this can be paid out.`,
  )
