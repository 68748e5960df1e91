/**
 * Cancels an unpaid order for its buyer, after a last query of every provider that may have a payment for it. It stays
 * cancelled: money that arrives later is refunded.
 */
import { requireCheckedUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound, Problem } from '../core/errors.ts'
import { findOrder } from '../orders/find-order.ts'
import type { OrderRow } from '../orders/schema.ts'
import { endUnpaidOrder, stopOpenPayments } from './end-unpaid-order.ts'

export async function cancelOrder(ctx: Ctx, id: string): Promise<void> {
  const { userId } = requireCheckedUser(ctx)
  const { order } = await findOrder(ctx, id)
  if (order.userId !== userId) throw notFound('order')
  if (order.status === 'cancelled') return
  const stopped = await stopOpenPayments(ctx, id)
  if (await endUnpaidOrder(ctx, id, 'cancelled', stopped)) return
  const { order: present } = await findOrder(ctx, id)
  if (present.status === 'cancelled') return
  throw new Problem('invalid_state', whyNot(present))
}

function whyNot({ status, receipt, amount }: OrderRow): string {
  if (receipt === null || status === 'refunded') return `This order is already ${status}.`
  return amount === 0
    ? 'This order is yours already: give its admissions back with POST /tickets/{reservationId}/return.'
    : 'This order is paid: ask the organiser for a refund.'
}
