/** A grant in its wire shape, without its owner: a shop learns nothing about our users. */
import { toInstant } from '../core/time.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import { type Grant, isAdmission } from './contract.ts'
import type { GrantRow } from './schema.ts'

export function presentGrant(row: GrantRow, { priceCurrency }: Pick<RaffleRow, 'priceCurrency'>): Grant {
  return {
    raffleId: row.raffleId,
    orderRef: row.orderRef,
    amount: { amount: isAdmission(row.orderRef) ? 0 : row.amount, currency: priceCurrency },
    entries: row.entries,
    status: row.status,
    reason: row.reason,
    createdAt: toInstant(row.createdAt),
    updatedAt: toInstant(row.updatedAt),
  }
}
