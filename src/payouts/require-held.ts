/**
 * A provider pays only what its till holds for the organisation. A payment by hand needs no till: the platform sends
 * nothing, and the organisation's own till shows it.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { formatMoney, type Money } from '../core/money.ts'
import { type Claim, heldFor, heldText } from '../raffles/held-for.ts'

/** Guard: the claim covers the amount. */
export const isHeldFor = (claim: Claim, amount: number): SQL =>
  claim.provider === 'manual' ? sql`true` : sql`${heldFor(claim)} >= ${amount}`

/** Throws with the sums that each provider holds, unless the claim covers the money. */
export async function requireHeld(ctx: Ctx, claim: Claim, { amount, currency }: Money): Promise<void> {
  const { isHeld } = await ctx.db.get<{ isHeld: number }>(sql`SELECT ${isHeldFor(claim, amount)} AS isHeld`)
  if (isHeld === 1) return
  throw new Problem(
    'invalid_state',
    `${claim.provider} does not hold ${formatMoney({ amount, currency })} for this organisation. Held: ${await heldText(ctx, claim)}. Ask each provider for what it holds, or pay in at ${claim.provider} and have an administrator record the top-up.`,
  )
}
