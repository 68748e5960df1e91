/** Who can say what became of money at a provider that tells nothing: whoever reads its statement, which is the platform's. */
import { requireLiveUser } from '../accounts/permissions.ts'
import type { Actor, Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import type { Provider } from './provider-name.ts'

/** For administrators: no organisation credits itself. */
export async function requireStatement(ctx: Ctx, provider: Provider): Promise<Actor> {
  const { isAdmin, ...actor } = await requireLiveUser(ctx)
  if (!isAdmin) {
    throw new Problem(
      'forbidden',
      `What became of it at ${provider} an administrator says, who can read the statement there.`,
    )
  }
  return actor
}
