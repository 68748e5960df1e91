/** What one payment can be asked for: no more than one sum can say, and by a provider only what it takes. Pure. */
import { invalid } from '../core/errors.ts'
import { MAX_AMOUNT, type Money } from '../core/money.ts'
import type { Settings } from '../core/settings.ts'
import type { PayWith } from '../orders/contract.ts'
import { moneyText } from '../orders/history-text.ts'
import { providerOf, whyNotProvider } from './providers/index.ts'

/** Throws, naming the field that makes it too much. */
export function mustBePayable({ amount, currency }: Money, field: string): void {
  if (amount <= MAX_AMOUNT) return
  const most = moneyText({ amount: MAX_AMOUNT, currency })
  throw invalid(field, `makes this ${moneyText({ amount, currency })}; one payment can be of ${most} at most`)
}

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
