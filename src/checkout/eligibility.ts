/**
 * Whether this person may buy. The rules that need only an item's terms and the access token are in
 * `tickets/pool/refusals.ts` (`whyEntrantRefused`), so that free tickets, priced ones and earned entries pass them alike,
 * and pass them while D1 is down. This file says who the person is. Rules that need personal data belong here.
 */
import { requireUser } from '../accounts/permissions.ts'
import type { Actor, Ctx } from '../core/context.ts'
import type { Taker } from '../tickets/take-free-tickets.ts'
import { challengeOf, type Purchaser } from './turnstile.ts'

/** The signed-in buyer. */
export const requireBuyer = (ctx: Ctx): Actor => requireUser(ctx)

/** The buyer as a taker of tickets. The token is only verified if an item asks for it. */
export function requireTaker(ctx: Ctx, purchase: Omit<Purchaser, 'userId'>): Taker {
  const { userId, isProved, staffOf } = requireBuyer(ctx)
  return {
    userId,
    entrant: { isProved, staffOf, isHuman: false, country: ctx.country },
    passChallenge: challengeOf(ctx, { userId, ...purchase }),
  }
}
