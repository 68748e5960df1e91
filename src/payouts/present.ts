/** A payout in its wire shape: it shows no more of the destination than is needed. */
import { toInstant, toInstantOrNull } from '../core/time.ts'
import { masked } from '../money/present-payout-method.ts'
import type { PayoutRow } from '../money/schema.ts'
import type { Payout } from './contract.ts'

export const presentPayout = (payout: PayoutRow): Payout => ({
  id: payout.id,
  kind: payout.kind,
  raffleId: payout.raffleId,
  eventId: payout.eventId,
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
  payableFrom: toInstantOrNull(payout.payableFrom),
  createdAt: toInstant(payout.createdAt),
  updatedAt: toInstant(payout.updatedAt),
})
