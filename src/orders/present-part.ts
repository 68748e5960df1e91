/**
 * Presents an order to members of its organisations: only their own lines, and nothing about other lines. They see the
 * buyer and the delivery address only while they have something to send.
 */
import type { Order } from './contract.ts'
import type { OrderRows } from './find-order.ts'
import { mayBeShownWith } from './history.ts'
import { amountOf } from './line-amounts.ts'
import { linePort } from './lines/index.ts'
import { type OrderDetails, presentHistory, presentOrder } from './present.ts'
import type { OrderLineRow, OrderStatus } from './schema.ts'

/** What the reader may do in an organisation: see its lines, and send its products. */
export interface Rights {
  sees: (organisationId: string) => boolean
  sends: (organisationId: string) => boolean
}

export function presentPart(rows: OrderRows, details: OrderDetails, { sees, sends }: Rights): Order {
  const lines = rows.lines.filter(({ organisationId }) => sees(organisationId))
  const isSender = lines.some((line) => isToSend(line) && sends(line.organisationId))
  const { payment, deliveryAddress, ...order } = presentOrder({ ...rows, lines }, details)
  return {
    ...order,
    // Only the buyer may open the payment page.
    payment: payment && { ...payment, ...NOTHING_TO_PAY },
    deliveryAddress: isSender ? deliveryAddress : null,
    buyer: isSender ? (details.buyers.get(rows.order.userId) ?? null) : null,
    ...(lines.length === rows.lines.length ? {} : ownOf({ ...rows, lines }, details)),
  }
}

const isToSend = ({ kind, state }: OrderLineRow): boolean =>
  linePort(kind).fulfil !== null && state === 'issued'

/** The fields of the whole order, computed from some of its lines. */
function ownOf({ order, lines, payment }: OrderRows, details: OrderDetails) {
  const { currency } = order
  const amount = { amount: amountOf(lines), currency }
  const refunded = { amount: refundedOf(lines), currency }
  return {
    status: statusOf(order.status, lines, amount.amount, refunded.amount),
    amount,
    refunded,
    payment: payment && {
      id: payment.id,
      provider: payment.provider,
      status: payment.status,
      amount,
      ...NOTHING_TO_PAY,
    },
    history: presentHistory(details.history.get(order.id)?.filter(({ key }) => mayBeShownWith(key, lines))),
  }
}

const NOTHING_TO_PAY = { checkoutUrl: null, message: null, next: null, until: null, payWith: [] }

/** A lost line is refunded as a whole. */
const refundedOf = (lines: readonly OrderLineRow[]): number =>
  amountOf(
    lines.map((line) => ({
      ...line,
      quantity: line.state === 'lost' ? line.quantity : line.refundedQuantity,
    })),
  )

function statusOf(
  status: OrderStatus,
  lines: readonly OrderLineRow[],
  amount: number,
  refunded: number,
): OrderStatus {
  if (status === 'pending' || status === 'expired' || status === 'cancelled') return status
  if (refunded === 0)
    return amount === 0 && lines.every(({ state }) => state === 'refunded') ? 'refunded' : 'paid'
  if (refunded < amount) return 'partially_refunded'
  return status === 'refund_due' ? status : 'refunded'
}
