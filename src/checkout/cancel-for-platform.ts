/** Cancels an unpaid order that its buyer may no longer have. It stays cancelled: money that arrives later is refunded. */
import type { Ctx } from '../core/context.ts'
import { findOrder } from '../orders/find-order.ts'
import { settleOrder } from '../payments/settle-order.ts'
import { endUnpaidOrder, stopOpenPayments } from './end-unpaid-order.ts'

/** An order that is already paid is settled instead, so that its tickets can be refunded. Idempotent. */
export async function cancelForPlatform(ctx: Ctx, id: string): Promise<void> {
  const { order } = await findOrder(ctx, id)
  if (order.status === 'pending' && order.receipt === null) {
    const stopped = await stopOpenPayments(ctx, id)
    if (await endUnpaidOrder(ctx, id, 'cancelledByPlatform', stopped)) return
  }
  await settleOrder(ctx, id)
}
