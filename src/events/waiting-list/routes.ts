/** Routes under /api/v1/events/{id}/ticket-types/{typeId}/waiting-list. */
import { Hono } from 'hono'
import type { AppEnv } from '../../core/context.ts'
import { BODY_ERRORS, describe } from '../../core/openapi.ts'
import { actorKey, rateLimit } from '../../core/rate-limit.ts'
import { validate } from '../../core/validation.ts'
import { TicketTypeParams } from '../contract.ts'
import { BODIES, EXAMPLE_WAITING_PLACE, JoinWaitingList, WaitingPlace } from './contract.ts'
import { joinWaitingList, leaveWaitingList, readWaitingPlace } from './wait.ts'

const TAG = 'Events'
const PATH = '/:id/ticket-types/:typeId/waiting-list'

export const waitingLists = new Hono<AppEnv>()
  .post(
    PATH,
    describe({
      operation: 'joinWaitingList',
      summary: 'Wait for tickets of a sold-out type',
      description:
        'As soon as tickets are free they are kept for the next person, who gets a mail and has a day to buy them as usual. If fewer are free than you want, those are kept for you. You have one place: joining again changes the quantity and keeps the place. Types of one capacity group have one list: a seat is kept for the person who has waited longest and whose type has a ticket left. Refused while tickets are left and nobody waits. Needs a verified address.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 201,
        schema: WaitingPlace,
        example: EXAMPLE_WAITING_PLACE,
        description: 'Your place.',
      },
      limits: ['RATE_PURCHASE'],
      errors: [
        ...BODY_ERRORS,
        'forbidden',
        'not_found',
        'invalid_state',
        'conflict',
        'limit_reached',
        'sales_not_open',
        'sales_closed',
      ],
    }),
    rateLimit('RATE_PURCHASE', actorKey),
    validate('param', TicketTypeParams),
    validate('json', JoinWaitingList, BODIES.JoinWaitingList),
    async (c) => {
      const named = c.req.valid('param')
      const place = await joinWaitingList(c.get('ctx'), named, c.req.valid('json').quantity)
      c.header('location', `/api/v1/events/${named.id}/ticket-types/${named.typeId}/waiting-list`)
      return c.json(place, 201)
    },
  )
  .get(
    PATH,
    describe({
      operation: 'readWaitingPlace',
      summary: 'Read my place on a waiting list',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: WaitingPlace,
        example: EXAMPLE_WAITING_PLACE,
        description: 'Your place, or the tickets that are kept for you.',
      },
      errors: ['not_found'],
    }),
    validate('param', TicketTypeParams),
    async (c) => c.json(await readWaitingPlace(c.get('ctx'), c.req.valid('param'))),
  )
  .delete(
    PATH,
    describe({
      operation: 'leaveWaitingList',
      summary: 'Leave a waiting list',
      description: 'Tickets that were kept for you go to the next person. A repeat changes nothing.',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'You no longer wait.' },
      limits: ['RATE_PURCHASE'],
      errors: ['not_found'],
    }),
    rateLimit('RATE_PURCHASE', actorKey),
    validate('param', TicketTypeParams),
    async (c) => {
      await leaveWaitingList(c.get('ctx'), c.req.valid('param'))
      return c.body(null, 204)
    },
  )
