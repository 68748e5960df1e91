/** The route with which a holder gives free admissions back, under /api/v1/tickets. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe } from '../core/openapi.ts'
import { actorKey, rateLimit } from '../core/rate-limit.ts'
import { validate } from '../core/validation.ts'
import { ReservationParams, ReservedTickets } from '../tickets/contract.ts'
import { EXAMPLE_RESERVED } from '../tickets/examples.ts'
import { presentReserved } from '../tickets/present.ts'
import { BODIES, ReturnTickets } from './return-contract.ts'
import { returnTickets } from './return-tickets.ts'

export const ticketReturns = new Hono<AppEnv>().post(
  '/:id/return',
  describe({
    operation: 'returnTickets',
    summary: 'Give free admissions back',
    description:
      'Their seats are free for others at once. Possible until the event begins, for ticket types that cost nothing, also inside an order. Tickets that cost money are taken back by a refund. Numbers that you no longer hold are left out, so a repeat changes nothing.',
    tag: 'Tickets',
    auth: 'user',
    success: {
      status: 200,
      schema: ReservedTickets,
      example: EXAMPLE_RESERVED,
      description: 'The reservation with the tickets that are left.',
    },
    limits: ['RATE_PURCHASE'],
    errors: [...BODY_ERRORS, 'not_found', 'invalid_state'],
  }),
  rateLimit('RATE_PURCHASE', actorKey),
  validate('param', ReservationParams),
  validate('json', ReturnTickets, BODIES.ReturnTickets),
  async (c) => {
    const { numbers } = c.req.valid('json')
    const { itemId, reservation } = await returnTickets(c.get('ctx'), c.req.valid('param').id, numbers)
    // Only admissions are given back, and their numbers have no leading zeros.
    return c.json(presentReserved(itemId, reservation, null))
  },
)
