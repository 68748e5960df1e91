/** How long a buyer may take to pay: as long as the provider needs, unless a pool shortens its hold. */
import type { Settings } from '../core/settings.ts'
import { SECOND_MS } from '../core/time.ts'
import type { Provider } from '../money/provider-name.ts'
import { providerOf } from '../money/providers/index.ts'
import type { HeldLine } from '../orders/line.ts'
import { GRACE_MS } from '../tickets/pool-contract.ts'

/**
 * How long a hold is requested for. It outlives the time to pay, so that a late payment still finds its units. Without a
 * provider: long enough for the sweep to finish an order that costs nothing.
 */
export function holdMsOf({ HOLD_SECONDS }: Settings, provider: Provider | null): number {
  const spanSeconds = provider === null ? HOLD_SECONDS : providerOf(provider).spanSeconds(HOLD_SECONDS)
  return spanSeconds * SECOND_MS + GRACE_MS
}

/** When the time to pay ends (ms since 1970): before the first hold expires, which a pool may have shortened. */
export const payUntilOf = (held: readonly HeldLine[]): number =>
  Math.min(...held.map(({ hold }) => hold.heldUntil!)) - GRACE_MS
