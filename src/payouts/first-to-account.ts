/**
 * An organisation's account at Stripe pays to the bank that the person named who set it up, and a payout shows only the
 * account. So the first payout to it is approved by somebody who did not set it up. A retry is an approval too: the bank may be
 * another one since.
 */
import { and, eq, gte, ne, notInArray, type SQL, sql } from 'drizzle-orm'
import { requireSecondPerson } from '../accounts/second-person.ts'
import type { Ctx } from '../core/context.ts'
import { type PayoutRow, payouts, type StripeAccountRow, stripeAccounts } from '../money/schema.ts'

const WORDS = {
  did: 'set up the account at Stripe',
  first: 'The person who set up the account at Stripe',
  finish: 'approve or retry the first payout to it',
  always: 'approve payouts',
}

/**
 * Throws if the caller, or somebody whom the caller depends on, set up the account and nobody else has approved a payout to it.
 * Returns a guard for the statement that releases the payout: nobody has named another bank meanwhile.
 */
export async function requireOtherThanSetUp(ctx: Ctx, payout: PayoutRow): Promise<SQL> {
  const { kind, provider, destination, organisationId } = payout
  // A prize goes to the winner's own account.
  if (kind === 'prize' || provider !== 'stripe') return sql`true`
  const account = await ctx.db.select().from(stripeAccounts).where(eq(stripeAccounts.id, destination)).get()
  if (account === undefined) return sql`true`
  if (!(await wasApprovedByOthers(ctx, payout, account))) {
    for (const firstId of account.setUpBy)
      await requireSecondPerson(ctx, { organisationId, firstId, words: WORDS })
  }
  return sql`NOT EXISTS (SELECT 1 FROM stripe_accounts WHERE id = ${destination} AND set_up_at <> ${account.setUpAt})`
}

/** Since the last set-up, which may have named another bank. */
const wasApprovedByOthers = async (
  ctx: Ctx,
  { organisationId, destination }: PayoutRow,
  { setUpBy, setUpAt }: StripeAccountRow,
): Promise<boolean> =>
  (await ctx.db.$count(
    payouts,
    and(
      eq(payouts.organisationId, organisationId),
      ne(payouts.kind, 'prize'),
      eq(payouts.provider, 'stripe'),
      eq(payouts.destination, destination),
      notInArray(payouts.approvedBy, setUpBy),
      ne(payouts.status, 'cancelled'),
      gte(payouts.createdAt, setUpAt),
    ),
  )) > 0
