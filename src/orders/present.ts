/** Turns rows of orders into responses, with the present numbers of each line. */
import { asc } from 'drizzle-orm'
import { displayName } from '../accounts/display-name.ts'
import { users } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { toInstant, toInstantOrNull } from '../core/time.ts'
import { type PaymentRow, receipts } from '../money/schema.ts'
import { presentTickets } from '../tickets/present.ts'
import { waysOf } from './accepted-providers.ts'
import type { Order, Payment } from './contract.ts'
import { isOneOf, type OrderRows } from './find-order.ts'
import type { LineDetails } from './line.ts'
import { amountOf } from './line-amounts.ts'
import { byPort, linePort, presentReference } from './lines/index.ts'
import { paymentAdvice, type WaysToPay } from './payment-advice.ts'
import { type OrderLineRow, type OrderRow, orderEvents } from './schema.ts'
import { type HistoryEvent, wholeHistory } from './whole-history.ts'

export function presentPayment(
  payment: PaymentRow,
  order: OrderRow,
  { now, ways }: Pick<OrderDetails, 'now' | 'ways'>,
): Payment {
  const action = isPayable(payment, order) ? payment.action : null
  const open = ways.get(order.id)
  const { message, next, until } = paymentAdvice(order, payment, now, open)
  return {
    id: payment.id,
    provider: payment.provider,
    status: payment.status,
    amount: { amount: payment.amount, currency: payment.currency },
    checkoutUrl: action?.checkoutUrl ?? null,
    message,
    next,
    until: toInstantOrNull(until),
    payWith: open?.payWith ?? [],
  }
}

/** Whether the order still waits for this payment. The payment page of a paid or ended order is not shown. */
const isPayable = (payment: PaymentRow, order: OrderRow): boolean =>
  order.status === 'pending' &&
  order.receipt === null &&
  (payment.status === 'starting' || payment.status === 'pending')

/** What a response needs beside the rows of its orders. */
export interface OrderDetails {
  /** The time of the answer (ms since 1970). */
  now: number
  /** The providers for another payment, keyed by order id, of orders that may need one. */
  ways: Map<string, WaysToPay>
  /** Keyed by reservation id. */
  lines: Map<string, Omit<LineDetails, 'id'>>
  /** Keyed by order id. */
  history: Map<string, HistoryEvent[]>
  /** Display names as users chose them, keyed by user id. */
  buyers: Map<string, string>
}

export const presentHistory = (events: readonly HistoryEvent[] = []): Order['history'] =>
  events.map(({ at, text }) => ({ at: toInstant(at), text }))

/** Presents an order to its buyer. */
export function presentOrder({ order, lines, payment }: OrderRows, details: OrderDetails): Order {
  const { currency } = order
  return {
    id: order.id,
    status: order.status,
    amount: { amount: order.amount, currency },
    refunded: { amount: order.refundedAmount, currency },
    payUntil: toInstant(order.payUntil),
    lines: lines.map((line) => presentLine(line, currency, details.lines.get(line.reservationId))),
    payment: payment && presentPayment(payment, order, details),
    history: presentHistory(details.history.get(order.id)),
    deliveryAddress: order.deliveryAddress,
    pickup: order.deliveryAddress === null && lines.some(isSent),
    buyer: null,
    createdAt: toInstant(order.createdAt),
  }
}

const isSent = ({ kind }: OrderLineRow): boolean => linePort(kind).fulfil !== null

const NOT_ON_ITS_WAY = { status: 'none', reference: null } as const

function presentLine(
  line: OrderLineRow,
  currency: string,
  details: Omit<LineDetails, 'id'> | undefined,
): Order['lines'][number] {
  const { isNumbered, fulfil } = linePort(line.kind)
  return {
    line: line.line,
    ...presentReference(line),
    title: line.title,
    quantity: line.quantity,
    amount: { amount: amountOf([line]), currency },
    state: line.state,
    refundedQuantity: line.refundedQuantity,
    reservationId: isNumbered ? line.reservationId : null,
    tickets: presentTickets(details?.numbers ?? [], line.digits),
    fulfilment: fulfil === null ? null : (details?.fulfilment ?? NOT_ON_ITS_WAY),
  }
}

/** Reads the details of any number of orders in one batch: one statement for each kind of line among them. */
export async function readDetails(ctx: Ctx, found: readonly OrderRows[]): Promise<OrderDetails> {
  const lines = found.flatMap(({ order: { userId }, lines }) => lines.map((line) => ({ ...line, userId })))
  const orderIds = found.map(({ order }) => order.id)
  const [events, arrived, buyers, ...details] = await ctx.db.batch([
    ctx.db
      .select({
        orderId: orderEvents.orderId,
        key: orderEvents.key,
        at: orderEvents.at,
        text: orderEvents.text,
      })
      .from(orderEvents)
      .where(isOneOf(orderEvents.orderId, orderIds))
      .orderBy(asc(orderEvents.seq)),
    ctx.db.select().from(receipts).where(isOneOf(receipts.orderId, orderIds)),
    ctx.db
      .select({ id: users.id, name: users.name, winnerDisplay: users.winnerDisplay })
      .from(users)
      .where(
        isOneOf(
          users.id,
          found.map(({ order }) => order.userId),
        ),
      ),
    ...byPort(lines, ({ kind }) => kind).map(([port, lines]) => port.details(ctx, lines)),
  ])
  const known = new Map(details.flat().map(({ id, ...shown }) => [id, shown]))
  // A list of many orders may be a moment behind a busy pool. The page of one order, which the buyer opens once it is paid, is not.
  if (found.length === 1) await addLateTickets(ctx, lines, known)
  const [eventsOf, receiptsOf] = [Map.groupBy(events, byOrder), Map.groupBy(arrived, byOrder)]
  return {
    now: ctx.now,
    ways: await waysOf(ctx, found),
    lines: known,
    history: new Map(
      found.map((rows) => {
        const { id } = rows.order
        return [id, wholeHistory(rows, receiptsOf.get(id), eventsOf.get(id))]
      }),
    ),
    buyers: new Map(buyers.map((user) => [user.id, displayName(user)])),
  }
}

/** Asks the pools for issued tickets that they have not written to D1 yet. */
async function addLateTickets(
  ctx: Ctx,
  lines: readonly OrderLineRow[],
  known: OrderDetails['lines'],
): Promise<void> {
  const late = lines.filter(
    ({ kind, state, reservationId }) =>
      state === 'issued' && linePort(kind).isNumbered && !known.has(reservationId),
  )
  await Promise.all(
    late.map(async (line) => {
      known.set(line.reservationId, {
        numbers: await linePort(line.kind).tickets(ctx, line),
        fulfilment: null,
      })
    }),
  )
}

const byOrder = ({ orderId }: { orderId: string }): string => orderId
