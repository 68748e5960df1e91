/** Orders as they are answered, with the numbers that their lines have now. */
import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm'
import { displayName } from '../accounts/display-name.ts'
import { users } from '../accounts/schema.ts'
import { type FulfilmentStatus, stockHolds } from '../catalog/schema.ts'
import type { Ctx } from '../core/context.ts'
import { toInstant } from '../core/time.ts'
import type { PaymentRow } from '../money/schema.ts'
import { pools, reservations } from '../tickets/schema.ts'
import type { Order, Payment } from './contract.ts'
import { isOneOf, type OrderRows } from './find-order.ts'
import { type LineKind, type OrderRow, orderEvents } from './schema.ts'

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

/** Something that happened to an order. */
export type HistoryEvent = Pick<typeof orderEvents.$inferSelect, 'key' | 'at' | 'text'>

/** What is known beside the rows of some orders, by id. */
export interface OrderDetails {
  /** The numbers of a reservation. */
  numbers: Map<string, number[]>
  /** How far the product of a hold is on its way. */
  fulfilments: Map<string, { status: FulfilmentStatus; reference: string | null }>
  /** What happened to an order, the oldest first. */
  history: Map<string, HistoryEvent[]>
  /** How a buyer chose to be shown. */
  buyers: Map<string, string>
}

export const presentHistory = (told: readonly HistoryEvent[] = []): Order['history'] =>
  told.map(({ at, text }) => ({ at: toInstant(at), text }))

/** As its buyer sees it. */
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
    history: presentHistory(details.history.get(order.id)),
    deliveryAddress: order.deliveryAddress,
    buyer: null,
    createdAt: toInstant(order.createdAt),
  }
}

/**
 * Of orders read from D1, in one batch; a released reservation's numbers are somebody else's by now, a
 * cancelled raffle's nobody's.
 */
export async function readDetails(ctx: Ctx, found: readonly OrderRows[]): Promise<OrderDetails> {
  const lines = found.flatMap(({ order: { userId }, lines }) => lines.map((line) => ({ ...line, userId })))
  const [tickets, units] = [lines.filter(isTickets), lines.filter((line) => !isTickets(line))]
  const theirs = JSON.stringify(tickets.map(({ userId, reservationId }) => [userId, reservationId]))
  const [taken, told, sent, buyers] = await ctx.db.batch([
    ctx.db
      .select({ id: reservations.id, numbers: reservations.numbers })
      .from(reservations)
      .innerJoin(pools, eq(pools.pool, reservations.pool))
      .where(
        and(
          isNull(pools.cancellation),
          sql`(${reservations.holder}, ${reservations.id}) IN (
            SELECT value->>0, value->>1 FROM json_each(${theirs}))`,
          inArray(reservations.state, ['held', 'sold']),
        ),
      ),
    ctx.db
      .select({
        orderId: orderEvents.orderId,
        key: orderEvents.key,
        at: orderEvents.at,
        text: orderEvents.text,
      })
      .from(orderEvents)
      .where(
        isOneOf(
          orderEvents.orderId,
          found.map(({ order }) => order.id),
        ),
      )
      .orderBy(asc(orderEvents.seq)),
    ctx.db
      .select({ id: stockHolds.id, status: stockHolds.fulfilment, reference: stockHolds.reference })
      .from(stockHolds)
      .where(
        isOneOf(
          stockHolds.id,
          units.map(({ reservationId }) => reservationId),
        ),
      ),
    ctx.db
      .select({ id: users.id, name: users.name, winnerDisplay: users.winnerDisplay })
      .from(users)
      .where(
        isOneOf(
          users.id,
          found.map(({ order }) => order.userId),
        ),
      ),
  ])
  return {
    numbers: new Map(taken.map(({ id, numbers }) => [id, numbers])),
    fulfilments: new Map(sent.map(({ id, ...fulfilment }) => [id, fulfilment])),
    history: Map.groupBy(told, ({ orderId }) => orderId),
    buyers: new Map(buyers.map((user) => [user.id, displayName(user)])),
  }
}

const isTickets = ({ kind }: { kind: LineKind }): boolean => kind === 'raffle'
