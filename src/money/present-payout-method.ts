/** Presents a payout method: its account number is masked. */
import { toInstant } from '../core/time.ts'
import type { PayoutMethod } from './payout-method-contract.ts'
import type { payoutMethods } from './schema.ts'

type MethodRow = typeof payoutMethods.$inferSelect

const SHOWN = 4

/** The end alone; of something short, half of that. */
export function masked(destination: string): string {
  const letters = [...destination]
  const shown = letters.length >= 2 * SHOWN ? SHOWN : 1
  return `••••${letters.slice(-shown).join('')}`
}

export const presentMethod = ({ id, provider, destination, createdAt }: MethodRow): PayoutMethod => ({
  id,
  provider,
  destination: masked(destination),
  createdAt: toInstant(createdAt),
})
