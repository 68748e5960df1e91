/** Refunds tickets that the platform takes back. The tickets are voided now, and the sweep sends the money. */
import type { Ctx } from '../core/context.ts'
import type { NewRefund } from '../money/refund-rows.ts'
import { findOrder } from '../orders/find-order.ts'
import { findRefundByKey } from './find-refund.ts'
import { payingReceipt } from './paying-receipt.ts'
import { priceOf, refundableOf, reserve } from './reserve-refund.ts'
import { takeBack } from './take-back-tickets.ts'

/** A try fails only if another refund of the same order was recorded in between. */
const MAX_TRIES = 5

/** Buyer and organisation read it, and the organisation does not learn why. */
const REASON = 'Cancelled by the platform.'

/**
 * Refunds what is left of these lines of a settled order. A repeat finds nothing left. If the process dies before the
 * tickets are voided, the refund is `requested`, and the sweep of refunds goes on.
 */
export async function refundForPlatform(
  ctx: Ctx,
  orderId: string,
  lines: ReadonlySet<number>,
): Promise<void> {
  const key = `platform:${ctx.requestId}`
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    const rows = await findOrder(ctx, orderId)
    const named = rows.lines.filter(({ line }) => lines.has(line))
    const left = await refundableOf(ctx, { ...rows, lines: named })
    if (left.length === 0) return
    const refund: NewRefund = {
      orderId,
      key,
      request: '',
      ...(await payingReceipt(ctx, rows)),
      amount: priceOf(rows.lines, left),
      currency: rows.order.currency,
      reason: REASON,
      lines: left,
      status: 'requested',
    }
    await reserve(ctx, refund)
    const made = await findRefundByKey(ctx, orderId, key)
    if (made !== undefined) {
      if (made.status === 'requested') await takeBack(ctx, made)
      return
    }
  }
  throw new Error(`other refunds of order ${orderId} are under way`)
}
