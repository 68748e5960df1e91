/**
 * Whether this person may buy: the one place for rules about the person, called before anything is held. What a pool can
 * decide from its terms and the token is decided in `tickets/`; what needs a person's data is decided here, on top of it.
 */
import { requireUser } from '../accounts/permissions.ts'
import type { Actor, Ctx } from '../core/context.ts'

/** Today there is one rule: one must be signed in. By the token alone, so that free tickets can be had while D1 is down. */
export const requireBuyer = (ctx: Ctx): Actor => requireUser(ctx)
