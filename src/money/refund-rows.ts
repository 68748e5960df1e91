/** Inserts a refund, once for its key. The row is written before any other step of the refund. */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { newId } from '../core/ids.ts'
import type { Provider } from './provider-name.ts'
import { type RefundedLine, type RefundStatus, refunds } from './schema.ts'

export interface NewRefund {
  /** Given by a caller that has to know it. */
  id?: string
  orderId: string
  /**
   * `lost`, `excess`, `return:…`, `cancel:…`, `dispute:…`, `platform:…`, or the client's Idempotency-Key after `request:`
   * for a member and `buyer:` for the buyer.
   */
  key: string
  /** A fingerprint of the request under `key`, so that a repeat with other contents is refused. */
  request: string
  provider: Provider
  paymentId: string
  /** The provider's reference of the refunded capture. */
  receipt: string
  amount: number
  currency: string
  /** Shown to the buyer. */
  reason: string
  lines: RefundedLine[]
  /** `due` if no ticket must be taken back first; `refused` if no money is left to refund. */
  status: Extract<RefundStatus, 'requested' | 'due' | 'refused'>
}

/** The key of a refund that records a reversal. `reference` is the provider's id of the reversal. */
export const disputeKey = (provider: Provider, reference: string): string =>
  `dispute:${provider}:${reference}`

/** Whether the refund records a reversal: the payer's bank has already paid it, so it is never sent. */
export const isDispute = ({ key }: { key: string }): boolean => key.startsWith('dispute:')

/** Whether it was made because what it refunds was cancelled. */
export const isCancelled = ({ key }: { key: string }): boolean => key.startsWith('cancel:')

/** Whether the buyer gives tickets back: only those that it still has, since it may give them to others meanwhile. */
export const isByBuyer = ({ key }: { key: string }): boolean => key.startsWith('buyer:')

/**
 * A statement to batch with the ledger's. It inserts the refund if `guard` holds and the order has none with that key.
 * An open refund is due now.
 */
export function insertRefund(ctx: Ctx, refund: NewRefund, guard: SQL = sql`true`) {
  return ctx.db
    .insert(refunds)
    .select(sql`
      SELECT ${refund.id ?? newId('refund')}, ${refund.orderId}, ${refund.key}, ${refund.request}, ${refund.provider},
             ${refund.paymentId}, ${refund.receipt}, ${refund.amount}, ${refund.currency}, ${refund.reason},
             ${JSON.stringify(refund.lines)}, ${refund.status}, NULL, 0, ${refund.status === 'refused' ? null : ctx.now}, NULL,
             ${ctx.now}, ${ctx.now}
      WHERE ${guard}`)
    .onConflictDoNothing()
}

/** The refund is open. The condition is worded exactly as in the partial index, so that SQLite uses it. */
export const isUnpaid = sql`${refunds.status} NOT IN ('paid', 'refused')`
