/** Presents a payout method with its destination masked. */
import { toInstant } from '../core/time.ts'
import { numberOf } from './bank-account.ts'
import type { PayoutMethod } from './payout-method-contract.ts'
import type { MethodRow } from './schema.ts'

const SHOWN_LETTERS = 4

/** Shows the last four characters, or only the last one of a short destination. */
export function masked(destination: string): string {
  const letters = [...destination]
  const shown = letters.length >= 2 * SHOWN_LETTERS ? SHOWN_LETTERS : 1
  return `••••${letters.slice(-shown).join('')}`
}

export const presentMethod = (
  { id, provider, destination, bank, payableFrom, createdAt }: MethodRow,
  proof: PayoutMethod['proof'],
): PayoutMethod => ({
  id,
  provider,
  destination: masked(bank === null ? destination : numberOf(bank)),
  bank: bank === null ? null : { holder: bank.holder, bank: bank.bank },
  proof,
  payableFrom: toInstant(Math.max(payableFrom, createdAt)),
  createdAt: toInstant(createdAt),
})
