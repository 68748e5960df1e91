/** Checks that this deployment can take a payment in the way the buyer wants. */
import { invalid } from '../core/errors.ts'
import type { Money } from '../core/money.ts'
import type { Settings } from '../core/settings.ts'
import { providerOf, whyNotProvider } from '../money/providers/index.ts'
import { whyNotReturnTo } from '../money/return-url.ts'
import type { PayWith } from '../payments/pay-with.ts'

/** Throws a validation error on a field under `path` if it cannot. Without `sum`, the sum is not checked. */
export function mustBePayableBy(
  settings: Settings,
  { provider, phone, returnUrl }: PayWith,
  path: string,
  sum?: Money,
): void {
  const why = whyNotProvider(provider, settings, sum)
  if (why !== null) throw invalid(`${path}provider`, why)
  if (phone === undefined && providerOf(provider).needsPhone) {
    throw invalid(`${path}phone`, `is required: ${provider} prompts on the phone`)
  }
  const whyNotPhone = phone === undefined ? undefined : providerOf(provider).whyNotPhone?.(phone)
  if (typeof whyNotPhone === 'string') throw invalid(`${path}phone`, whyNotPhone)
  const whyNot = returnUrl === undefined ? null : whyNotReturnTo(settings, returnUrl)
  if (whyNot !== null) throw invalid(`${path}returnUrl`, whyNot)
}
