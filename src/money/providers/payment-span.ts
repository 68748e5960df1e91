/** How long a payment may take, by the providers that an item accepts. */
import { SECOND_MS } from '../../core/time.ts'
import type { Provider } from '../provider-name.ts'
import { providers } from './index.ts'

/** The longest span of these providers, in seconds. */
export function longestSpanSeconds(accepted: readonly Provider[], holdSeconds: number): number {
  const spans = accepted.map((name) => providers[name]?.spanSeconds(holdSeconds) ?? holdSeconds)
  return Math.max(0, ...(spans.length > 0 ? spans : [holdSeconds]))
}

/** Whether a payment by this provider that starts now can end by `payUntil` (ms since 1970). */
export const hasTimeToPay = (name: Provider, now: number, payUntil: number): boolean =>
  now + (providers[name]?.leastSeconds ?? 0) * SECOND_MS < payUntil

/** How long its request may stay on the payer's phone, in milliseconds; 0: it sends none. */
export function promptMs(name: Provider): number {
  const { startsOnce = false, leastSeconds = 0 } = providers[name] ?? {}
  return startsOnce ? leastSeconds * SECOND_MS : 0
}

/** The longest span for an item with a price, in seconds; 0 if it is free. */
export const paymentSpanSeconds = (
  item: { priceAmount: number; providers: readonly Provider[] },
  holdSeconds: number,
): number => (item.priceAmount === 0 ? 0 : longestSpanSeconds(item.providers, holdSeconds))
