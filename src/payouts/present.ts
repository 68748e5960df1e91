/** Payouts and payout methods as they are answered: of where money goes, no more than is needed. */
import { toInstant } from '../core/time.ts'
import type { PayoutRow, payoutMethods } from '../money/schema.ts'
import type { Payout, PayoutMethod } from './contract.ts'

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

export const presentPayout = (payout: PayoutRow): Payout => ({
  id: payout.id,
  kind: payout.kind,
  raffleId: payout.raffleId,
  organisationId: payout.organisationId,
  winnerId: payout.kind === 'prize' ? payout.subject : null,
  provider: payout.provider,
  destination: payout.provider === 'manual' ? payout.destination : masked(payout.destination),
  amount: { amount: payout.amount, currency: payout.currency },
  status: payout.status,
  requestedBy: payout.requestedBy,
  approvedBy: payout.approvedBy,
  reference: payout.reference,
  attempt: payout.attempt,
  attention: payout.attention,
  createdAt: toInstant(payout.createdAt),
  updatedAt: toInstant(payout.updatedAt),
})
