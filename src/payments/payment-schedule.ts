/** When a provider is asked about a payment that it has not decided: soon, then seldom, then never by itself. Pure. */
import { SECOND_MS } from '../core/time.ts'

/** After the payment was made. */
const LOOKS_SECONDS = [20, 40, 75, 120, 300, 900, 3_600] as const

/** The next look after `now`; null: the last one has been, and somebody must see to it. */
export function nextLook(createdAt: number, now: number): number | null {
  for (const seconds of LOOKS_SECONDS) {
    const at = createdAt + seconds * SECOND_MS
    if (at > now) return at
  }
  return null
}
