/** Doors of buying: tickets in one call, orders of several lines, and what becomes of an order. */
import { Hono } from 'hono'
import { MAX_UNPAID_ORDERS, MAX_UNPAID_UNITS } from '../catalog/hold-stock.ts'
import type { AppEnv } from '../core/context.ts'
import type { ErrorCode } from '../core/errors.ts'
import { idempotencyKey } from '../core/idempotency.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { actorKey, rateLimit } from '../core/rate-limit.ts'
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
import { purchaseTickets } from './purchase-tickets.ts'

const TAG = 'Orders'

/** What a pool may answer to whoever asks it for tickets. */
const POOL_ERRORS: readonly ErrorCode[] = [
  'not_found',
  'sold_out',
  'sales_closed',
  'sales_not_open',
  'limit_reached',
  'number_taken',
  'invalid_state',
  'hold_expired',
  'rate_limited',
]

/** Mounted beside what is mine, under /api/v1/tickets. */
export const purchases = new Hono<AppEnv>().post(
  '/purchase',
  describe({
    summary: 'Take tickets of a raffle',
    description:
      'Takes `quantity` tickets, or exactly `numbers` where the raffle lets its players choose. Free tickets are yours at once. Priced ones are held, with an order: send `payment`, and pay at `order.payment.checkoutUrl` or on your phone. The same Idempotency-Key and body give the same tickets again.',
    tag: 'Tickets',
    auth: 'user',
    idempotent: true,
    success: {
      status: 201,
      schema: Purchase,
      example: EXAMPLE_PURCHASE,
      description: 'The tickets are yours, or held for you until they are paid.',
    },
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

/** Doors under /api/v1/orders, which sell what is in `table`. */
export const orderRoutes = (table: LineTable) =>
  new Hono<AppEnv>()
    .post(
      '/',
      describe({
        summary: 'Place an order',
        description: `Tickets of raffles and units of products: holds every line or none, and starts one payment for all of them. Products are sent to \`deliveryAddress\`, which their organisation reads once they are paid; without one they are picked up. Unpaid at a time are at most ${MAX_UNPAID_ORDERS} orders with products, and ${MAX_UNPAID_UNITS} units of each. The same Idempotency-Key and body give the same order again.`,
        tag: TAG,
        auth: 'user',
        idempotent: true,
        success: {
          status: 201,
          schema: Order,
          example: EXAMPLE_ORDER,
          description: 'Everything is held until `payUntil`.',
        },
        errors: [...BODY_ERRORS, ...POOL_ERRORS],
      }),
      rateLimit('RATE_PURCHASE', actorKey),
      validate('json', placeOrderOf(table), BODIES.PlaceOrder),
      async (c) => {
        const ctx = c.get('ctx')
        const { rows } = await placeOrder(ctx, c.req.valid('json'), idempotencyKey(c))
        c.header('location', `/api/v1/orders/${rows.order.id}`)
        return c.json(presentOrder(rows, await readDetails(ctx, [rows])), 201)
      },
    )
    .get(
      '/',
      describe({
        summary: 'List orders',
        description:
          'Mine, the newest first. With `organisationId` those with lines of an organisation whose payments I manage, each with that organisation’s lines and what these come to.',
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
        summary: 'Read an order',
        description:
          'One of mine; or of another’s the lines of the organisations whose payments I manage, with what these lines come to.',
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
        summary: 'Try again to pay for my order',
        description:
          'By the same provider or another that its raffles take, ten times an order at most. The time to pay stays as it is; what is paid twice goes back.',
        tag: TAG,
        auth: 'user',
        idempotent: true,
        success: {
          status: 201,
          schema: Order,
          example: { ...EXAMPLE_ORDER, payment: EXAMPLE_PAYMENT },
          description: 'The order, with the new payment.',
        },
        errors: [...BODY_ERRORS, 'not_found', 'invalid_state', 'limit_reached', 'hold_expired'],
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
        summary: 'Cancel my order',
        description: 'While it is not paid. What it held is free again; money that comes later goes back.',
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
        summary: 'Tell how far a product is on its way',
        description:
          'Packed, shipped (with a `reference`), delivered: forward only, for members who may edit the catalogue. The buyer reads it in the order’s history.',
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
