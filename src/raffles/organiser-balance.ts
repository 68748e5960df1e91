/** The balance of an organisation: its parts of raffles, its settled events and its top-ups, less its losses and earlier payouts. */
import { type SQL, sql } from 'drizzle-orm'
import { isOfSettledEvent } from '../events/takings.ts'
import { account } from '../money/ledger.ts'
import { isLossOf } from '../money/losses.ts'
import type { PayoutStatus } from '../money/schema.ts'
import { isTopUpOf } from '../money/top-up-key.ts'

/** Requested and not paid yet. */
export const UNPAID: PayoutStatus[] = ['requested', 'approved', 'sent', 'failed']

/**
 * The balance of an organisation in one currency: its parts of raffles, the takings of its settled events and its top-ups,
 * less losses to buyers' banks and less its other payouts in `statuses`. So a guaranteed raffle with too few takings is covered by the others.
 */
export function leftForOrganiser(
  { organisationId, currency, id }: { organisationId: string; currency: string | SQL; id?: string },
  statuses: PayoutStatus[],
): SQL {
  return sql`(
    (SELECT ${movedFor(organisationId)} FROM transfers
      WHERE ${isMoveFor(organisationId)} AND currency = ${currency})
    + (SELECT coalesce(sum(amount), 0) FROM claims
      WHERE organisation_id = ${organisationId} AND currency = ${currency} AND ${isOfSettledEvent})
    - (SELECT coalesce(sum(mine.amount), 0) FROM payouts AS mine
      WHERE mine.organisation_id = ${organisationId} AND mine.kind = 'organiser' AND mine.currency = ${currency}
        AND mine.id <> ${id ?? ''} AND mine.status IN (SELECT value FROM json_each(${JSON.stringify(statuses)}))))`
}

/** What one of its raffles adds to that balance, less its payouts in `statuses`. */
export const leftByRaffle = (
  { organisationId, raffleId }: { organisationId: string; raffleId: string },
  statuses: PayoutStatus[],
): SQL => sql`(
  (SELECT ${movedFor(organisationId)} FROM transfers
    WHERE ${isMoveFor(organisationId)} AND raffle_id = ${raffleId})
  - (SELECT coalesce(sum(mine.amount), 0) FROM payouts AS mine
    WHERE mine.organisation_id = ${organisationId} AND mine.kind = 'organiser' AND mine.raffle_id = ${raffleId}
      AND mine.status IN (SELECT value FROM json_each(${JSON.stringify(statuses)}))))`

const movedFor = (organisationId: string): SQL =>
  sql`coalesce(sum(iif(credit = ${account.organiser(organisationId)}, amount, -amount)), 0)`

/**
 * The transfer moves money to or from the organiser's account. It is found by its transaction id, because the account has no
 * index: so a raffle has two, whatever it has sold. So is a prize that was paid although it was cancelled, or
 * by two providers.
 */
function isMoveFor(organisationId: string): SQL {
  const ofRaffle = (what: string) =>
    sql`SELECT ${`${what}:`} || id FROM raffles WHERE organisation_id = ${organisationId}`
  // D1 joins few SELECTs in one, so that the ends of the keys are rows.
  const ofPayouts = sql`SELECT 'payout:' || mine.id || what.value FROM payouts AS mine
      CROSS JOIN json_each('[":paid", ":returned", ":again", ":again:returned"]') AS what
      WHERE mine.organisation_id = ${organisationId} AND mine.kind <> 'shop'`
  return sql`(${account.organiser(organisationId)} IN (debit, credit) AND transaction_id IN (
    ${ofRaffle('draw')} UNION ALL ${ofRaffle('settle')} UNION ALL ${ofPayouts}
    UNION ALL SELECT transaction_id FROM transfers WHERE ${isTopUpOf(organisationId)} OR ${isLossOf(organisationId)}))`
}
