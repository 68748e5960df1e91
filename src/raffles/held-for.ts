/**
 * What a provider's till holds for one organisation. Sales add to the claim. Refunds, the rake, losses to banks and
 * payouts take from it. So no organisation is paid out of another's money, and no receipt by hand becomes a provider's.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { formatMoney } from '../core/money.ts'
import { isOfSettledEvent } from '../events/takings.ts'
import type { Provider } from '../money/provider-name.ts'
import type { PayoutRow } from '../money/schema.ts'

export interface Claim {
  organisationId: string
  provider: Provider
  currency: string
  /** A raffle that may use its own takings before it is settled. */
  raffleId?: string | null
  /** The payout that is being decided: it does not count against itself. */
  payoutId?: string
  /** What the payout is for. */
  kind?: PayoutRow['kind']
}

/**
 * What an organisation may claim, as a subquery of a row for each thing that it sold; `raffle_id` is null if that is no
 * raffle. Triggers keep the sums. What an event took belongs to its guests until it is settled, and what a raffle took to its
 * buyers until it is drawn, so it covers nothing before.
 */
export const claimsOf = (organisationId: string): SQL => sql`(
  SELECT provider, currency, kind, iif(kind = 'raffle', item_id, NULL) AS raffle_id, amount FROM claims
  WHERE organisation_id = ${organisationId} AND (kind <> 'admission' OR ${isOfSettledEvent}))`

/**
 * A raffle that is not settled keeps its takings for its own buyers and winners. What it has already overdrawn counts
 * against the organisation's other money. Payouts that are approved and not paid yet count as paid.
 */
export function heldFor({ organisationId, provider, currency, raffleId = null, payoutId = '' }: Claim): SQL {
  return sql`(
    SELECT coalesce(own + iif(has_own, max(0, others), others), 0) FROM (
      SELECT sum(iif(is_own, held, 0)) AS own, max(is_own) AS has_own,
        sum(CASE WHEN is_own THEN 0 WHEN is_open THEN min(0, held) ELSE held END) AS others
      FROM (
        SELECT held, is_open, is_open AND raffle_id IS ${raffleId} AS is_own FROM (
          SELECT raffle_id, sum(amount) AS held,
            EXISTS (SELECT 1 FROM raffles WHERE raffles.id = raffle_id AND raffles.status <> 'settled') AS is_open
          FROM (
            SELECT raffle_id, amount
            FROM ${claimsOf(organisationId)}
            WHERE provider = ${provider} AND currency = ${currency}
            UNION ALL SELECT raffle_id, -amount FROM payouts AS ours
            WHERE ours.organisation_id = ${organisationId} AND ours.provider = ${provider}
              AND ours.currency = ${currency} AND ours.status IN ('approved', 'sent') AND ours.id <> ${payoutId})
          GROUP BY raffle_id))))`
}

/** What each provider holds for the organisation, for a refusal: “sandbox KES 10.00, manual KES 5.00”. */
export async function heldText(ctx: Ctx, claim: Omit<Claim, 'provider'>): Promise<string> {
  const { organisationId, currency } = claim
  const named = await ctx.db.all<{ provider: Provider }>(sql`
    SELECT DISTINCT provider FROM ${claimsOf(organisationId)}
    WHERE currency = ${currency} AND provider IS NOT NULL ORDER BY provider`)
  if (named.length === 0) return 'no provider holds anything'
  const sums = await ctx.db.get<Record<string, number>>(
    sql`SELECT ${sql.join(
      named.map(({ provider }) => sql`${heldFor({ ...claim, provider })} AS ${sql.identifier(provider)}`),
      sql`, `,
    )}`,
  )
  return named
    .map(({ provider }) => `${provider} ${formatMoney({ amount: Math.max(0, sums[provider]!), currency })}`)
    .join(', ')
}
