/** Doors under /api/v1/tickets: buying, and what is mine. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { idempotencyKey } from '../core/idempotency.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { PageQuery } from '../core/paging.ts'
import { actorKey, rateLimit } from '../core/rate-limit.ts'
import { validate } from '../core/validation.ts'
import { ReceiptSchema } from '../draws/rdp1/proof.ts'
import { MyReservationPage, Purchase, PurchaseTickets, ReservationParams } from './contract.ts'
import { EXAMPLE_MY_RESERVATION, EXAMPLE_PURCHASE, EXAMPLE_RECEIPT } from './examples.ts'
import { findReservation } from './find-reservation.ts'
import { listTickets } from './list-tickets.ts'
import { presentPurchase } from './present.ts'
import { purchaseTickets } from './purchase-tickets.ts'
import { readReceipt } from './read-receipt.ts'

const TAG = 'Tickets'

export const tickets = new Hono<AppEnv>()
  .post(
    '/purchase',
    describe({
      summary: 'Take tickets of a raffle',
      description:
        'Takes `quantity` tickets, or exactly `numbers` where the raffle lets its players choose. The same Idempotency-Key and body give the same tickets again.',
      tag: TAG,
      auth: 'user',
      idempotent: true,
      success: {
        status: 201,
        schema: Purchase,
        example: EXAMPLE_PURCHASE,
        description: 'The tickets are yours.',
      },
      errors: [
        ...BODY_ERRORS,
        'not_found',
        'sold_out',
        'sales_closed',
        'sales_not_open',
        'limit_reached',
        'number_taken',
        'invalid_state',
        'rate_limited',
      ],
    }),
    rateLimit('RATE_PURCHASE', actorKey),
    validate('json', PurchaseTickets),
    async (c) => {
      const purchase = await purchaseTickets(c.get('ctx'), c.req.valid('json'), idempotencyKey(c))
      c.header('location', `/api/v1/tickets/${purchase.reservation.id}`)
      return c.json(purchase, 201)
    },
  )
  .get(
    '/',
    describe({
      summary: 'List my tickets',
      description: 'Newest first, one row a reservation.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: MyReservationPage,
        example: { data: [EXAMPLE_MY_RESERVATION], nextCursor: null },
        description: 'One page of your reservations.',
      },
      errors: PAGE_ERRORS,
    }),
    validate('query', PageQuery),
    async (c) => c.json(await listTickets(c.get('ctx'), c.req.valid('query'))),
  )
  .get(
    '/:id',
    describe({
      summary: 'Read one of my reservations',
      tag: TAG,
      auth: 'user',
      success: { status: 200, schema: Purchase, example: EXAMPLE_PURCHASE, description: 'The reservation.' },
      errors: ['not_found'],
    }),
    validate('param', ReservationParams),
    async (c) => {
      const { raffleId, reservation } = await findReservation(c.get('ctx'), c.req.valid('param').id)
      return c.json(presentPurchase(raffleId, reservation))
    },
  )
  .get(
    '/:id/receipt',
    describe({
      summary: 'Read the signed receipt of my tickets',
      description:
        'Keep it: it proves that the tickets are in the sale log. From the freeze on it carries the signed commitment. `npm run verify -- --receipt FILE` checks it.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: ReceiptSchema,
        example: EXAMPLE_RECEIPT,
        description: 'The signed receipt.',
      },
      errors: ['not_found', 'invalid_state'],
    }),
    validate('param', ReservationParams),
    async (c) => c.json(await readReceipt(c.get('ctx'), c.req.valid('param').id)),
  )
