/** Orders as they are answered, with the numbers that their lines have now. */
import { and, asc, eq, inArray, isNull } from 'drizzle-orm'
import { type FulfilmentStatus, stockHolds } from '../catalog/schema.ts'
import type { Ctx } from '../core/context.ts'
import { toInstant } from '../core/time.ts'
import type { PaymentRow } from '../money/schema.ts'
import { pools, reservations } from '../tickets/schema.ts'
import type { Order, Payment } from './contract.ts'
import type { OrderRows } from './find-order.ts'
import { type OrderRow, orderEvents } from './schema.ts'

function presentPayment(payment: PaymentRow, order: OrderRow): Payment {
  const action = isPayable(payment, order) ? payment.action : null
  return {
    id: payment.id,
    provider: payment.provider,
    status: payment.status,
    amount: { amount: payment.amount, currency: payment.currency },
    checkoutUrl: action?.checkoutUrl ?? null,
    message: action?.message ?? null,
  }
}

/** Whether paying by it is what the order waits for: nobody is sent to pay what is paid or over. */
const isPayable = (payment: PaymentRow, order: OrderRow): boolean =>
  order.status === 'pending' &&
  order.receipt === null &&
  (payment.status === 'starting' || payment.status === 'pending')

/** For those who manage an order: the page where it is paid is its buyer's alone. */
export const withoutCheckout = (order: Order): Order => ({
  ...order,
  payment: { ...order.payment, checkoutUrl: null, message: null },
})

/** What is known beside the rows: the numbers of each reservation, how far products are on their way, and the history. */
export interface OrderDetails {
  numbers: Map<string, number[]>
  fulfilments: Map<string, { status: FulfilmentStatus; reference: string | null }>
  history: { at: number; text: string }[]
}

export function presentOrder({ order, lines, payment }: OrderRows, details: OrderDetails): Order {
  const { currency } = order
  return {
    id: order.id,
    status: order.status,
    amount: { amount: order.amount, currency },
    refunded: { amount: order.refundedAmount, currency },
    payUntil: toInstant(order.payUntil),
    lines: lines.map((line) => ({
      line: line.line,
      raffleId: line.kind === 'raffle' ? line.itemId : null,
      productId: line.kind === 'product' ? line.itemId : null,
      title: line.title,
      quantity: line.quantity,
      amount: { amount: line.unitAmount * line.quantity, currency },
      state: line.state,
      refundedQuantity: line.refundedQuantity,
      reservationId: line.kind === 'raffle' ? line.reservationId : null,
      tickets: (details.numbers.get(line.reservationId) ?? []).map((number) => ({ number })),
      fulfilment:
        line.kind === 'product'
          ? (details.fulfilments.get(line.reservationId) ?? { status: 'none', reference: null })
          : null,
    })),
    payment: presentPayment(payment, order),
    history: details.history.map(({ at, text }) => ({ at: toInstant(at), text })),
    createdAt: toInstant(order.createdAt),
  }
}

/** Of an order read from D1; a released reservation's numbers are somebody else's by now, a cancelled raffle's nobody's. */
export async function readDetails(ctx: Ctx, { order, lines }: OrderRows): Promise<OrderDetails> {
  const ids = lines.map(({ reservationId }) => reservationId)
  const holds = lines.filter(({ kind }) => kind === 'product').map(({ reservationId }) => reservationId)
  const [taken, history, sent] = await ctx.db.batch([
    ctx.db
      .select({ id: reservations.id, numbers: reservations.numbers })
      .from(reservations)
      .innerJoin(pools, eq(pools.pool, reservations.pool))
      .where(
        and(
          isNull(pools.cancellation),
          eq(reservations.holder, order.userId),
          inArray(reservations.id, ids),
          inArray(reservations.state, ['held', 'sold']),
        ),
      ),
    ctx.db
      .select({ at: orderEvents.at, text: orderEvents.text })
      .from(orderEvents)
      .where(eq(orderEvents.orderId, order.id))
      .orderBy(asc(orderEvents.seq)),
    ctx.db
      .select({ id: stockHolds.id, status: stockHolds.fulfilment, reference: stockHolds.reference })
      .from(stockHolds)
      .where(inArray(stockHolds.id, holds)),
  ])
  return {
    numbers: new Map(taken.map(({ id, numbers }) => [id, numbers])),
    fulfilments: new Map(sent.map(({ id, ...fulfilment }) => [id, fulfilment])),
    history,
  }
}
