/**
 * An organisation's account at Stripe pays to the bank that the person named who set it up, and a payout shows only the
 * account. So the first payout to it is approved by somebody who did not set it up.
 */
import { and, eq, gte, ne, notInArray } from 'drizzle-orm'
import { requireSecondPerson } from '../accounts/second-person.ts'
import type { Ctx } from '../core/context.ts'
import { type PayoutRow, payouts, type StripeAccountRow, stripeAccounts } from '../money/schema.ts'

const WORDS = {
  did: 'set up the account at Stripe',
  first: 'The person who set up the account at Stripe',
  finish: 'approve the first payout to it',
  always: 'approve payouts',
}

/** Throws if the caller, or somebody whom the caller depends on, set up the account and nobody else has approved a payout to it. */
export async function requireOtherThanSetUp(ctx: Ctx, payout: PayoutRow): Promise<void> {
  const { kind, provider, destination, organisationId } = payout
  // A prize goes to the winner's own account.
  if (kind === 'prize' || provider !== 'stripe') return
  const account = await ctx.db.select().from(stripeAccounts).where(eq(stripeAccounts.id, destination)).get()
  if (account === undefined || (await wasApprovedByOthers(ctx, payout, account))) return
  for (const firstId of account.setUpBy)
    await requireSecondPerson(ctx, { organisationId, firstId, words: WORDS })
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
