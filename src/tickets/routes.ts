/** Routes under /api/v1/tickets that read one of the caller's own reservations. `checkout/routes.ts` sells them. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { describe } from '../core/openapi.ts'
import { validate } from '../core/validation.ts'
import { ReceiptSchema } from '../rdp1/proof.ts'
import { ReservationParams, ReservedTickets } from './contract.ts'
import { EXAMPLE_RECEIPT, EXAMPLE_RESERVED } from './examples.ts'
import { findReservation } from './find-reservation.ts'
import { presentReserved } from './present.ts'
import { readReceipt } from './read-receipt.ts'

const TAG = 'Tickets'

export const tickets = new Hono<AppEnv>()
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
      const found = await findReservation(c.get('ctx'), c.req.valid('param').id)
      return c.json(presentReserved(found.itemId, found.reservation, found.digits))
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
