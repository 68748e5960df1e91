/** Whether a payee can be paid at a provider that keeps accounts of payees. Other providers pay to any destination. */
import type { Ctx } from '../core/context.ts'
import { invalid } from '../core/errors.ts'
import type { Provider } from './provider-name.ts'
import { providerOf } from './providers/index.ts'
import type { Payee } from './providers/port.ts'

/** Throws a validation error on `field` if the destination is not the payee's, or cannot receive money now. */
export async function requirePayee(
  ctx: Ctx,
  { provider, destination }: { provider: Provider; destination: string },
  payee: Payee,
  field: string,
): Promise<void> {
  const why = await providerOf(provider).whyNotPayee?.(ctx, destination, payee)
  if (why != null) throw invalid(field, why)
}
