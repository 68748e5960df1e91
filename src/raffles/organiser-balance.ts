/** The balance of an organisation: its parts of raffles, its settled events and its top-ups, less its losses and earlier payouts. */
import { type SQL, sql } from 'drizzle-orm'
import { isOfAnyEvent, isOfSettledEvent, TAKEN } from '../events/takings.ts'
import { account } from '../money/ledger.ts'
import { isLossOf } from '../money/losses.ts'
import type { PayoutStatus } from '../money/schema.ts'
import { isTopUpOf } from '../money/top-up-key.ts'

/** Requested and not paid yet. */
export const UNPAID: PayoutStatus[] = ['requested', 'approved', 'sent', 'failed']

/**
 * The balance of an organisation in one currency: its parts of raffles, the takings of its settled events and its top-ups,
 * less losses to buyers' banks and less its other payouts in `statuses`. So a guaranteed raffle with too few takings is covered by the others. Finds the
 * transfers by their transaction ids, because the account itself has no index.
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
          UNION ALL SELECT 'payout:' || mine.id || ':returned' ${mine}
          UNION ALL SELECT transaction_id FROM transfers
            WHERE ${isTopUpOf(organisationId)} OR ${isLossOf(organisationId)})
        AND currency = ${currency} AND ${organiser} IN (debit, credit))
    + (SELECT coalesce(sum(${TAKEN}), 0) FROM transfers
      WHERE organisation_id = ${organisationId} AND raffle_id IS NULL AND currency = ${currency}
        AND ${isOfAnyEvent} AND ${isOfSettledEvent})
    - (SELECT coalesce(sum(mine.amount), 0) ${mine} AND mine.currency = ${currency} AND mine.id <> ${id ?? ''}
        AND mine.status IN (SELECT value FROM json_each(${JSON.stringify(statuses)}))))`
}
