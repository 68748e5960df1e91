/** Turns a refund's row into a response, for the buyer and for the organisation alike. */
import { toInstant } from '../core/time.ts'
import type { RefundRow } from '../money/schema.ts'
import type { Refund } from './contract.ts'

export const presentRefund = (row: RefundRow): Refund => ({
  id: row.id,
  orderId: row.orderId,
  status: row.status,
  amount: { amount: row.amount, currency: row.currency },
  reason: row.reason,
  lines: row.lines,
  provider: row.provider,
  reference: row.reference,
  createdAt: toInstant(row.createdAt),
  updatedAt: toInstant(row.updatedAt),
})
