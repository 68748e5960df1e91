/** How a refund is written down: before anything else happens, once for its key. */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { newId } from '../core/ids.ts'
import type { Provider } from './provider-name.ts'
import { type RefundedLine, type RefundStatus, refunds } from './schema.ts'

export interface NewRefund {
  /** Where the caller has to know it. */
  id?: string
  orderId: string
  /** `lost`, `excess`, `return:…`, `cancel:…`, `dispute:…`, or `request:` with the client's Idempotency-Key. */
  key: string
  request: string
  provider: Provider
  paymentId: string
  /** The provider's reference of the capture that goes back. */
  receipt: string
  amount: number
  currency: string
  /** Told to the buyer. */
  reason: string
  lines: RefundedLine[]
  /** `due` where no ticket has to be taken back first; `refused` where there is nothing to give back. */
  status: Extract<RefundStatus, 'requested' | 'due' | 'refused'>
}

/** Of what a provider took back, by its own id of that. */
export const disputeKey = (provider: Provider, reference: string): string =>
  `dispute:${provider}:${reference}`

/** Whether the payer's bank has paid it, before it was written down: nobody sends it. */
export const isDispute = ({ key }: { key: string }): boolean => key.startsWith('dispute:')

/** A statement, to be batched with the ledger's: the refund, due now if it is open, unless its order has one of that key; where `guard` holds. */
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

/** The money is not back, and may still come. In just these words, by which its index is found. */
export const isUnpaid = sql`${refunds.status} NOT IN ('paid', 'refused')`
