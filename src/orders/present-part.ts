/**
 * An order as members of its organisations see it: the lines of these organisations, and nothing that tells of others';
 * who bought it and where it is sent only while they have something of it to send.
 */
import type { Order } from './contract.ts'
import type { OrderRows } from './find-order.ts'
import { mayBeShownWith } from './history.ts'
import { amountOf } from './line-amounts.ts'
import { linePort } from './lines/index.ts'
import { type OrderDetails, presentHistory, presentOrder } from './present.ts'
import type { OrderLineRow, OrderStatus } from './schema.ts'

/** What somebody may in an organisation: see its lines, and send its products. */
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
    // The page where it is paid is its buyer's alone.
    payment: { ...payment, ...UNSAID },
    deliveryAddress: isSender ? deliveryAddress : null,
    buyer: isSender ? (details.buyers.get(rows.order.userId) ?? null) : null,
    ...(lines.length === rows.lines.length ? {} : ownOf({ ...rows, lines }, details)),
  }
}

const isToSend = ({ kind, state }: OrderLineRow): boolean =>
  linePort(kind).fulfil !== null && state === 'issued'

/** What is said of an order as a whole, of some of its lines alone. */
function ownOf({ order, lines, payment }: OrderRows, details: OrderDetails) {
  const { currency } = order
  const amount = { amount: amountOf(lines), currency }
  const refunded = { amount: refundedOf(lines), currency }
  return {
    status: statusOf(order.status, amount.amount, refunded.amount),
    amount,
    refunded,
    payment: { id: payment.id, provider: payment.provider, status: payment.status, amount, ...UNSAID },
    history: presentHistory(details.history.get(order.id)?.filter(({ key }) => mayBeShownWith(key, lines))),
  }
}

const UNSAID = { checkoutUrl: null, message: null }

/** What was lost goes back whole. */
const refundedOf = (lines: readonly OrderLineRow[]): number =>
  amountOf(
    lines.map((line) => ({
      ...line,
      quantity: line.state === 'lost' ? line.quantity : line.refundedQuantity,
    })),
  )

function statusOf(status: OrderStatus, amount: number, refunded: number): OrderStatus {
  if (status === 'pending' || status === 'expired' || status === 'cancelled') return status
  if (refunded === 0) return 'paid'
  if (refunded < amount) return 'partially_refunded'
  return status === 'refund_due' ? status : 'refunded'
}
