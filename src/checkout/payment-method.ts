/** Whether this deployment can take a payment as somebody wants to pay. */
import { invalid } from '../core/errors.ts'
import type { Money } from '../core/money.ts'
import type { Settings } from '../core/settings.ts'
import { providerOf, whyNotProvider } from '../money/providers/index.ts'
import type { PayWith } from '../payments/pay-with.ts'

/** Throws, naming the field after `path`, where nobody can pay so; of a sum that is not known yet that is not asked. */
export function mustBePayableBy(
  settings: Settings,
  { provider, phone }: PayWith,
  path: string,
  sum?: Money,
): void {
  const why = whyNotProvider(provider, settings, sum)
  if (why !== null) throw invalid(`${path}provider`, why)
  if (phone === undefined && providerOf(provider).needsPhone) {
    throw invalid(`${path}phone`, `is needed: ${provider} asks on the phone`)
  }
}
