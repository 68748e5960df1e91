/**
 * The money that can pay an organisation's prizes: what the providers' tills hold for it, and the top-ups that an admin saw
 * on a bank's statement. What the organisation says that it took by hand is not part of it.
 */
import { type SQL, sql } from 'drizzle-orm'
import { type Claim, claimsOf } from './held-for.ts'

/** A payout by a provider that is being decided, in minor units of its currency. */
export interface Paying extends Omit<Claim, 'provider'> {
  amount: number
}

/**
 * A subquery of one row: the money `before` and `after` this payout; equal if its amount is 0. A raffle that is not
 * settled keeps its money for its own prizes, and the others lend what it lacks for them. Its own winners may also be
 * paid by hand from what it took by hand. What was paid by hand beyond that came out of the top-ups.
 */
export function realMoney(paying: Paying): SQL {
  const { organisationId, currency, raffleId = null, payoutId = '', kind, amount } = paying
  const free = (held: SQL, owed: SQL) =>
    sql`coalesce(sum(iif(is_open, min(0, ${held}, ${held} + max(0, by_hand) - ${owed}), ${held})), 0)`
  const inBank = sql`max(0, coalesce(sum(topped_up) + sum(min(0, by_hand)), 0))`
  return sql`(
    SELECT ${free(sql`held`, sql`owed`)} + ${inBank} AS before,
      ${free(sql`next_held`, sql`next_owed`)} + ${inBank} AS after
    FROM (
      SELECT sum(iif(is_next, 0, held)) AS held, sum(held) AS next_held, sum(iif(is_next, 0, owed)) AS owed,
        sum(owed) AS next_owed, sum(by_hand) AS by_hand, sum(topped_up) AS topped_up,
        EXISTS (SELECT 1 FROM raffles WHERE raffles.id = raffle_id AND raffles.status <> 'settled') AS is_open
      FROM (
        SELECT raffle_id, false AS is_next, iif(provider = 'manual', 0, amount) AS held, 0 AS owed,
          iif(provider = 'manual' AND NOT is_top_up, amount, 0) AS by_hand,
          iif(provider = 'manual' AND is_top_up, amount, 0) AS topped_up
        FROM (SELECT raffle_id, provider, amount, kind = 'top_up' AS is_top_up
          FROM ${claimsOf(organisationId)} WHERE currency = ${currency})
        UNION ALL SELECT raffle_id, false, iif(provider = 'manual', 0, -amount), iif(kind = 'prize', -amount, 0),
          iif(provider = 'manual', -amount, 0), 0
        FROM payouts WHERE organisation_id = ${organisationId} AND currency = ${currency}
          AND status IN ('approved', 'sent') AND id <> ${payoutId}
        UNION ALL SELECT raffle_id, false, 0, iif(credit = 'prizes:' || raffle_id, amount, -amount), 0, 0
        FROM transfers WHERE currency = ${currency} AND 'prizes:' || raffle_id IN (debit, credit)
          AND transaction_id IN (${prizeMoves(organisationId)})
        UNION ALL SELECT ${raffleId}, true, ${-amount}, ${kind === 'prize' ? -amount : 0}, 0, 0)
      GROUP BY raffle_id))`
}

/** The keys of what moves prizes of raffles that are drawn and not settled: the draw, and the payouts. */
const prizeMoves = (organisationId: string): SQL => {
  const ofPayout = (what: string) => sql`
    SELECT 'payout:' || mine.id || ${what} FROM payouts AS mine JOIN raffles ON raffles.id = mine.raffle_id
    WHERE mine.organisation_id = ${organisationId} AND mine.kind = 'prize' AND raffles.status = 'drawn'`
  return sql`
    SELECT 'draw:' || id FROM raffles WHERE organisation_id = ${organisationId} AND status = 'drawn'
    UNION ALL ${ofPayout(':paid')} UNION ALL ${ofPayout(':returned')}`
}
