/** Routes under /api/v1/tickets that read the caller's own tickets. `checkout/routes.ts` sells them. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { describe, PAGE_ERRORS } from '../core/openapi.ts'
import { PageQuery } from '../core/paging.ts'
import { validate } from '../core/validation.ts'
import { ReceiptSchema } from '../rdp1/proof.ts'
import { MyReservationPage, ReservationParams, ReservedTickets } from './contract.ts'
import { EXAMPLE_MY_RESERVATION, EXAMPLE_RECEIPT, EXAMPLE_RESERVED } from './examples.ts'
import { findReservation } from './find-reservation.ts'
import { listTickets } from './list-tickets.ts'
import { presentReserved } from './present.ts'
import { readReceipt } from './read-receipt.ts'

const TAG = 'Tickets'

export const tickets = new Hono<AppEnv>()
  .get(
    '/',
    describe({
      operation: 'listTickets',
      summary: 'List my tickets',
      description:
        'Newest first, one row for each reservation. While sales come fast, a purchase can take a second to appear here; `GET /tickets/{id}` has it at once.',
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
      operation: 'readReservation',
      summary: 'Read one of my reservations',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: ReservedTickets,
        example: EXAMPLE_RESERVED,
        description: 'The reservation.',
      },
      errors: ['not_found'],
    }),
    validate('param', ReservationParams),
    async (c) => {
      const { itemId, reservation } = await findReservation(c.get('ctx'), c.req.valid('param').id)
      return c.json(presentReserved(itemId, reservation))
    },
  )
  .get(
    '/:id/receipt',
    describe({
      operation: 'readReceipt',
      summary: 'Read the signed receipt of my tickets',
      description:
        'Keep it: it proves that the tickets are in the sale log. After the freeze it also contains the signed commitment. `npm run verify -- --receipt FILE` checks it.',
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
