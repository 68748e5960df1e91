/** Presents a payout method with its destination masked. */
import { toInstant } from '../core/time.ts'
import type { PayoutMethod } from './payout-method-contract.ts'
import type { payoutMethods } from './schema.ts'

type MethodRow = typeof payoutMethods.$inferSelect

const SHOWN_LETTERS = 4

/** Shows the last four characters, or only the last one of a short destination. */
export function masked(destination: string): string {
  const letters = [...destination]
  const shown = letters.length >= 2 * SHOWN_LETTERS ? SHOWN_LETTERS : 1
  return `••••${letters.slice(-shown).join('')}`
}

export const presentMethod = ({ id, provider, destination, createdAt }: MethodRow): PayoutMethod => ({
  id,
  provider,
  destination: masked(destination),
  createdAt: toInstant(createdAt),
})
