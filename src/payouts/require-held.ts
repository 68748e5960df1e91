/**
 * A provider pays only what its till holds for the organisation. A payment by hand needs no till: the platform sends
 * nothing, and the organisation's own till shows it.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { formatMoney, type Money } from '../core/money.ts'
import { sparesGuarantees } from '../raffles/guarantee.ts'
import { type Claim, heldFor, heldText } from '../raffles/held-for.ts'

/** Guard: the claim covers the amount, and enough is left for what is set aside for guarantees. */
export const isHeldFor = (claim: Claim, amount: number): SQL =>
  claim.provider === 'manual'
    ? sql`true`
    : sql`(${heldFor(claim)} >= ${amount} AND ${sparesGuarantees({ ...claim, amount })})`

/** Throws with the sums that each provider holds, unless the claim covers the money. */
export async function requireHeld(ctx: Ctx, claim: Claim, { amount, currency }: Money): Promise<void> {
  const { isHeld, isFree } = await ctx.db.get<Record<'isHeld' | 'isFree', number>>(sql`
    SELECT ${isHeldFor(claim, amount)} AS isHeld, ${sparesGuarantees({ ...claim, amount })} AS isFree`)
  if (isHeld === 1) return
  const sum = formatMoney({ amount, currency })
  throw new Problem(
    'invalid_state',
    isFree === 1
      ? `${claim.provider} does not hold ${sum} for this organisation. Held: ${await heldText(ctx, claim)}. Ask each provider for what it holds, or pay in at ${claim.provider} and have an administrator record the top-up.`
      : `${claim.provider} cannot pay ${sum}, because the money is set aside for guaranteed raffles. Pay by hand what was taken by hand, or pay in and have an administrator record the top-up.`,
  )
}
