/** Who may record an outcome that a provider never reports: an administrator, because the platform holds the account there. */
import { requireLiveUser } from '../accounts/permissions.ts'
import type { Actor, Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import type { Provider } from './provider-name.ts'

/** Throws `forbidden` for everyone else: no organisation may credit itself. */
export async function requireStatement(ctx: Ctx, provider: Provider): Promise<Actor> {
  const { isAdmin, ...actor } = await requireLiveUser(ctx)
  if (!isAdmin) {
    throw new Problem(
      'forbidden',
      `Only an administrator can record the outcome at ${provider}, from its statement.`,
    )
  }
  return actor
}
