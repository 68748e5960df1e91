/** Routes under /api/v1/events/{id}/ticket-types. */
import { Hono } from 'hono'
import type { AppEnv } from '../../core/context.ts'
import { BODY_ERRORS, describe } from '../../core/openapi.ts'
import { validate } from '../../core/validation.ts'
import { CreateTicketType, EventParams, TicketType, TicketTypeParams, UpdateTicketType } from '../contract.ts'
import { BODIES, EXAMPLE_TICKET_TYPE } from '../examples.ts'
import { createTicketType } from './create-type.ts'
import { deleteTicketType } from './delete-type.ts'
import { updateTicketType } from './update-type.ts'

const TAG = 'Events'

const theType = (description: string) => ({
  status: 200 as const,
  schema: TicketType,
  example: EXAMPLE_TICKET_TYPE,
  description,
})

export const ticketTypeRoutes = new Hono<AppEnv>()
  .post(
    '/:id/ticket-types',
    describe({
      operation: 'createTicketType',
      summary: 'Add a ticket type',
      description: 'If the event is published, it is on sale at once.',
      tag: TAG,
      auth: 'user',
      success: { ...theType('The new ticket type.'), status: 201 },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict', 'limit_reached'],
    }),
    validate('param', EventParams),
    validate('json', CreateTicketType, BODIES.CreateTicketType),
    async (c) => {
      const { id } = c.req.valid('param')
      const type = await createTicketType(c.get('ctx'), id, c.req.valid('json'))
      c.header('location', `/api/v1/events/${id}`) // Its event shows it.
      return c.json(type, 201)
    },
  )
  .put(
    '/:id/ticket-types/:typeId',
    describe({
      operation: 'updateTicketType',
      summary: 'Change a ticket type',
      description:
        'Fields that are left out keep their values. The capacity can be raised at any time, and lowered to the number of tickets that are held or sold. Once a ticket was held, sold or offered to somebody on the waiting list, price and limit can no longer change.',
      tag: TAG,
      auth: 'user',
      success: theType('The changed ticket type.'),
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict'],
    }),
    validate('param', TicketTypeParams),
    validate('json', UpdateTicketType, BODIES.UpdateTicketType),
    async (c) => {
      const { id, typeId } = c.req.valid('param')
      return c.json(await updateTicketType(c.get('ctx'), id, typeId, c.req.valid('json')))
    },
  )
  .delete(
    '/:id/ticket-types/:typeId',
    describe({
      operation: 'deleteTicketType',
      summary: 'Delete a ticket type of a draft',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'Deleted.' },
      errors: ['forbidden', 'not_found', 'invalid_state'],
    }),
    validate('param', TicketTypeParams),
    async (c) => {
      const { id, typeId } = c.req.valid('param')
      await deleteTicketType(c.get('ctx'), id, typeId)
      return c.body(null, 204)
    },
  )
