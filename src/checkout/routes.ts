/** Routes of buying: tickets in one call, orders of several lines, paying, cancelling and fulfilment. */
import { Hono } from 'hono'
import { MAX_UNPAID_ORDERS } from '../catalog/unpaid-stock.ts'
import type { AppEnv } from '../core/context.ts'
import type { ErrorCode } from '../core/errors.ts'
import { idempotencyKey } from '../core/idempotency.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { actorKey, rateLimit } from '../core/rate-limit.ts'
import { HOUR_MS, MINUTE_MS } from '../core/time.ts'
import {
  FIRST_PAUSE_MS,
  LONGEST_PAUSE_MS,
  MAX_UNPAID_UNITS,
  MAX_UNPROVED_UNITS,
  MIN_UNPAID_SHARE,
  UNPAID_ENDS_ALLOWED,
  UNPAID_PART,
  UNPAID_WINDOW_MS,
  UNPROVED_PART,
} from '../core/unpaid-limits.ts'
import { validate } from '../core/validation.ts'
import { Fulfil, ListOrders, Order, OrderPage, OrderParams } from '../orders/contract.ts'
import { BODIES, EXAMPLE_ORDER, EXAMPLE_PAYMENT } from '../orders/examples.ts'
import { fulfilLine } from '../orders/fulfil-line.ts'
import { LINES, type LineTable } from '../orders/lines/index.ts'
import { listOrders } from '../orders/list-orders.ts'
import { presentOrder, readDetails } from '../orders/present.ts'
import { readOrder } from '../orders/read-order.ts'
import { PayWith } from '../payments/pay-with.ts'
import { cancelOrder } from './cancel-order.ts'
import { Purchase, PurchaseTickets, placeOrderOf } from './contract.ts'
import { EXAMPLE_PURCHASE } from './examples.ts'
import { payOrder } from './pay-order.ts'
import { placeOrder } from './place-order.ts'
import { presentPlaced } from './present-placed.ts'
import { purchaseTickets } from './purchase-tickets.ts'

const TAG = 'Orders'

const UNPAID_LIMITS = `Of one raffle or product you may hold at most 1/${UNPAID_PART} unpaid at a time (always ${MIN_UNPAID_SHARE}, never more than ${MAX_UNPAID_UNITS}). Without a proved e-mail address the most is ${MAX_UNPROVED_UNITS}, and 1/${UNPROVED_PART} for all such buyers together. After ${UNPAID_ENDS_ALLOWED + 1} holds of it within ${UNPAID_WINDOW_MS / HOUR_MS} hours that expired or that you cancelled, you may hold it again ${FIRST_PAUSE_MS / MINUTE_MS} minutes later; each further one doubles this pause, up to ${LONGEST_PAUSE_MS / HOUR_MS} hours.`

/** The errors of a pool when it is called for tickets. */
const POOL_ERRORS: readonly ErrorCode[] = [
  'forbidden',
  'not_found',
  'sold_out',
  'sales_closed',
  'sales_not_open',
  'limit_reached',
  'number_taken',
  'invalid_state',
  'hold_expired',
]

/** Mounted under /api/v1/tickets, beside the routes of the user's own tickets. */
export const purchases = new Hono<AppEnv>().post(
  '/purchase',
  describe({
    operation: 'purchaseTickets',
    summary: 'Take tickets of a raffle',
    description: `Takes \`quantity\` tickets, or exactly \`numbers\` if the raffle lets its players choose. Free tickets are yours at once. For other tickets send \`payment\`: they are held by an order, which you pay at \`order.payment.checkoutUrl\` or on your phone. If the raffle has \`challenge: turnstile\`, send \`turnstileToken\`. Members of the organisation get none unless the raffle has \`staffMayEnter\`, and \`entrants: proved\` asks for a proved address. ${UNPAID_LIMITS} The same Idempotency-Key and body return the same tickets; \`turnstileToken\` may differ.`,
    tag: 'Tickets',
    auth: 'user',
    idempotent: true,
    success: {
      status: 201,
      schema: Purchase,
      example: EXAMPLE_PURCHASE,
      description: 'The tickets are yours, or are held for you until you pay.',
    },
    limits: ['RATE_PURCHASE'],
    errors: [...BODY_ERRORS, ...POOL_ERRORS],
  }),
  rateLimit('RATE_PURCHASE', actorKey),
  validate('json', PurchaseTickets, BODIES.PurchaseTickets),
  async (c) => {
    const purchase = await purchaseTickets(c.get('ctx'), c.req.valid('json'), idempotencyKey(c))
    c.header('location', `/api/v1/tickets/${purchase.reservation.id}`)
    return c.json(purchase, 201)
  },
)

/** Routes under /api/v1/orders. They sell every kind of line in `table`. */
export const orderRoutes = (table: LineTable) =>
  new Hono<AppEnv>()
    .post(
      '/',
      describe({
        operation: 'placeOrder',
        summary: 'Place an order',
        description: `Sells tickets of raffles and units of products: holds every line or none, and starts one payment for all. Products are sent to \`deliveryAddress\`, which their organisation can read once they are paid, or picked up with \`pickup: true\`. An order with products must have one of the two. You may have ${MAX_UNPAID_ORDERS} unpaid orders with products. ${UNPAID_LIMITS} A raffle with \`challenge: turnstile\` needs \`turnstileToken\`, which a repeat may leave out or replace. The same Idempotency-Key and body return the same order.`,
        tag: TAG,
        auth: 'user',
        idempotent: true,
        success: {
          status: 201,
          schema: Order,
          example: EXAMPLE_ORDER,
          description: 'Everything is held until `payUntil`.',
        },
        limits: ['RATE_PURCHASE'],
        errors: [...BODY_ERRORS, ...POOL_ERRORS],
      }),
      rateLimit('RATE_PURCHASE', actorKey),
      validate('json', placeOrderOf(table), BODIES.PlaceOrder),
      async (c) => {
        const ctx = c.get('ctx')
        const placed = await placeOrder(ctx, c.req.valid('json'), idempotencyKey(c))
        c.header('location', `/api/v1/orders/${placed.rows.order.id}`)
        return c.json(await presentPlaced(ctx, placed), 201)
      },
    )
    .get(
      '/',
      describe({
        operation: 'listOrders',
        summary: 'List orders',
        description:
          'Lists your own orders, newest first. With `organisationId`: orders with lines of an organisation whose payments you manage. Each then shows only that organisation’s lines and their sums. With a filter a page may have fewer orders than `limit`: `nextCursor` alone says whether more follow.',
        tag: TAG,
        auth: 'user',
        success: {
          status: 200,
          schema: OrderPage,
          example: { data: [EXAMPLE_ORDER], nextCursor: null },
          description: 'One page of orders.',
        },
        errors: [...PAGE_ERRORS, 'forbidden', 'not_found'],
      }),
      validate('query', ListOrders),
      async (c) => c.json(await listOrders(c.get('ctx'), c.req.valid('query'))),
    )
    .get(
      '/:id',
      describe({
        operation: 'readOrder',
        summary: 'Read an order',
        description:
          'Reads your own order. In another buyer’s order you see only the lines of organisations whose payments you manage, and their sums.',
        tag: TAG,
        auth: 'user',
        success: { status: 200, schema: Order, example: EXAMPLE_ORDER, description: 'The order.' },
        errors: ['not_found'],
      }),
      validate('param', OrderParams),
      async (c) => c.json(await readOrder(c.get('ctx'), c.req.valid('param').id)),
    )
    .post(
      '/:id/pay',
      describe({
        operation: 'payOrder',
        summary: 'Try again to pay for my order',
        description:
          'Starts another payment, by the same provider or by one that every item accepts. An order can have ten payments. The time to pay is not extended: a provider that needs more than is left is refused. A second payment that succeeds is refunded. While a phone may still show a request of this order, a minute at most, another request to a phone is refused with `conflict`.',
        tag: TAG,
        auth: 'user',
        idempotent: true,
        success: {
          status: 201,
          schema: Order,
          example: { ...EXAMPLE_ORDER, payment: EXAMPLE_PAYMENT },
          description: 'The order, with the new payment.',
        },
        limits: ['RATE_PURCHASE'],
        errors: [...BODY_ERRORS, 'not_found', 'invalid_state', 'conflict', 'limit_reached', 'hold_expired'],
      }),
      rateLimit('RATE_PURCHASE', actorKey),
      validate('param', OrderParams),
      validate('json', PayWith, BODIES.PayWith),
      async (c) => {
        const ctx = c.get('ctx')
        const { id } = c.req.valid('param')
        const rows = await payOrder(ctx, id, c.req.valid('json'), idempotencyKey(c))
        c.header('location', `/api/v1/orders/${id}`)
        return c.json(presentOrder(rows, await readDetails(ctx, [rows])), 201)
      },
    )
    .post(
      '/:id/cancel',
      describe({
        operation: 'cancelOrder',
        summary: 'Cancel my order',
        description:
          'Only while it is not paid. Its tickets and units are released, which counts like an order that expires unpaid. It stays cancelled: money that arrives later is refunded.',
        tag: TAG,
        auth: 'user',
        success: { status: 200, schema: Order, example: EXAMPLE_ORDER, description: 'The order, cancelled.' },
        errors: ['not_found', 'invalid_state'],
      }),
      validate('param', OrderParams),
      async (c) => {
        const ctx = c.get('ctx')
        const { id } = c.req.valid('param')
        await cancelOrder(ctx, id)
        return c.json(await readOrder(ctx, id))
      },
    )
    .post(
      '/:id/fulfilment',
      describe({
        operation: 'fulfilLine',
        summary: 'Record a fulfilment step of a product',
        description:
          'The steps are packed, shipped (with a `reference`) and delivered: forward only, for members who may edit the catalogue. The buyer sees each step in the order’s history.',
        tag: TAG,
        auth: 'user',
        success: {
          status: 200,
          schema: Order,
          example: EXAMPLE_ORDER,
          description: 'The order, with your organisation’s lines.',
        },
        errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state'],
      }),
      validate('param', OrderParams),
      validate('json', Fulfil, BODIES.Fulfil),
      async (c) => c.json(await fulfilLine(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
    )

export const orders = orderRoutes(LINES)
