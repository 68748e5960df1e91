/**
 * Whether this person may buy: the only place for rules about the person, called before anything is held. Rules that
 * need only the pool's terms and the token belong in `tickets/`. Rules that need personal data belong here.
 */
import { requireUser } from '../accounts/permissions.ts'
import type { Actor, Ctx } from '../core/context.ts'

/**
 * The only rule so far: the buyer is signed in. It needs only the token, so free tickets are available while D1 is down.
 */
export const requireBuyer = (ctx: Ctx): Actor => requireUser(ctx)
