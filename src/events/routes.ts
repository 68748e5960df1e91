/** Routes under /api/v1/events: events themselves. Each folder beside this file has its own routes. */
import { Hono } from 'hono'
import { cachedForASecond } from '../core/cache.ts'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { Reason } from '../core/text.ts'
import { validate } from '../core/validation.ts'
import { cancelEvent } from './cancel-event.ts'
import { cloneEvent } from './clone-event.ts'
import {
  CloneEvent,
  CreateEvent,
  Event,
  EventAvailability,
  EventKey,
  EventPage,
  EventParams,
  ListEvents,
  PostponeEvent,
  UpdateEvent,
} from './contract.ts'
import { createEvent } from './create-event.ts'
import { deleteEvent } from './delete-event.ts'
import { BODIES, EXAMPLE_DRAFT, EXAMPLE_EVENT, EXAMPLE_TICKET_TYPE } from './examples.ts'
import { listEvents } from './list-events.ts'
import { postponeEvent } from './postpone-event.ts'
import { publishEvent } from './publish-event.ts'
import { readEvent, readEventAvailability } from './read-event.ts'
import { rebuildEvent } from './rebuild-event.ts'
import { updateEvent } from './update-event.ts'

const TAG = 'Events'

const theEvent = (description: string) => ({
  status: 200 as const,
  schema: Event,
  example: EXAMPLE_EVENT,
  description,
})

export const events = new Hono<AppEnv>()
  .get(
    '/',
    describe({
      operation: 'listEvents',
      summary: 'List events',
      description: 'Published events. Members who may edit an organisation’s drafts see those too.',
      tag: TAG,
      auth: 'optional',
      success: {
        status: 200,
        schema: EventPage,
        example: { data: [EXAMPLE_EVENT], nextCursor: null },
        description: 'One page of events.',
      },
      errors: PAGE_ERRORS,
    }),
    validate('query', ListEvents),
    cachedForASecond,
    async (c) => c.json(await listEvents(c.get('ctx'), c.req.valid('query'))),
  )
  .post(
    '/',
    describe({
      operation: 'createEvent',
      summary: 'Create an event',
      description: 'The event is a draft. A member of only one organisation may leave out `organisationId`.',
      tag: TAG,
      auth: 'user',
      success: { ...theEvent('The draft.'), status: 201, example: EXAMPLE_DRAFT },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('json', CreateEvent, BODIES.CreateEvent),
    async (c) => {
      const event = await createEvent(c.get('ctx'), c.req.valid('json'))
      c.header('location', `/api/v1/events/${event.id}`)
      return c.json(event, 201)
    },
  )
  .get(
    '/:id',
    describe({
      operation: 'readEvent',
      summary: 'Read an event',
      description: 'By its id or its slug.',
      tag: TAG,
      auth: 'optional',
      success: theEvent('The event with its ticket types.'),
      errors: ['not_found'],
    }),
    validate('param', EventKey),
    cachedForASecond,
    async (c) => c.json(await readEvent(c.get('ctx'), c.req.valid('param').id)),
  )
  .put(
    '/:id',
    describe({
      operation: 'updateEvent',
      summary: 'Change an event',
      description:
        'Fields that are left out keep their values. After publication neither the times nor the providers can change: to move the event to a later time, postpone it.',
      tag: TAG,
      auth: 'user',
      success: theEvent('The changed event.'),
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict'],
    }),
    validate('param', EventParams),
    validate('json', UpdateEvent, BODIES.UpdateEvent),
    async (c) => c.json(await updateEvent(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
  )
  .delete(
    '/:id',
    describe({
      operation: 'deleteEvent',
      summary: 'Delete a draft',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'Deleted.' },
      errors: ['forbidden', 'not_found', 'invalid_state'],
    }),
    validate('param', EventParams),
    async (c) => {
      await deleteEvent(c.get('ctx'), c.req.valid('param').id)
      return c.body(null, 204)
    },
  )
  .post(
    '/:id/publish',
    describe({
      operation: 'publishEvent',
      summary: 'Publish a draft',
      description:
        'Everybody sees the event, and its ticket types begin to sell. Tickets that cost money need the approval of an administrator for the organisation.',
      tag: TAG,
      auth: 'user',
      success: theEvent('The published event.'),
      errors: ['validation_failed', 'forbidden', 'not_found', 'invalid_state', 'conflict'],
    }),
    validate('param', EventParams),
    async (c) => c.json(await publishEvent(c.get('ctx'), c.req.valid('param').id)),
  )
  .post(
    '/:id/postpone',
    describe({
      operation: 'postponeEvent',
      summary: 'Postpone an event',
      description:
        'Moves a published event to a later time, once a day at most. It cannot end earlier than before. The time that it was published with is shown beside it.',
      tag: TAG,
      auth: 'user',
      success: theEvent('The event at its new time.'),
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'limit_reached', 'conflict'],
    }),
    validate('param', EventParams),
    validate('json', PostponeEvent, BODIES.PostponeEvent),
    async (c) => c.json(await postponeEvent(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
  )
  .post(
    '/:id/cancel',
    describe({
      operation: 'cancelEvent',
      summary: 'Cancel an event',
      description: 'Nothing more is sold, and everybody who paid gets the money back.',
      tag: TAG,
      auth: 'user',
      success: theEvent('The cancelled event.'),
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict'],
    }),
    validate('param', EventParams),
    validate('json', Reason, BODIES.Reason),
    async (c) => c.json(await cancelEvent(c.get('ctx'), c.req.valid('param').id, c.req.valid('json').reason)),
  )
  .post(
    '/:id/clone',
    describe({
      operation: 'cloneEvent',
      summary: 'Copy an event',
      description:
        'The copy is a draft at another time, with the same ticket types and capacity groups. Sale times move by as much as the start; a sale that would end after the event ends with it. Providers and countries that the organiser named are copied. Those that publication filled in from the organisation are left empty, so that publishing the copy fills them in anew.',
      tag: TAG,
      auth: 'user',
      success: { ...theEvent('The copy.'), status: 201, example: EXAMPLE_DRAFT },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('param', EventParams),
    validate('json', CloneEvent, BODIES.CloneEvent),
    async (c) => {
      const event = await cloneEvent(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))
      c.header('location', `/api/v1/events/${event.id}`)
      return c.json(event, 201)
    },
  )
  .post(
    '/:id/rebuild',
    describe({
      operation: 'rebuildEvent',
      summary: 'Project an event’s pools to the database again',
      description:
        'For admins, after the database was restored to an earlier time. Sold tickets do not change.',
      tag: TAG,
      auth: 'user',
      success: theEvent('The event in the state of its pools.'),
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', EventParams),
    async (c) => c.json(await rebuildEvent(c.get('ctx'), c.req.valid('param').id)),
  )
  .get(
    '/:id/availability',
    describe({
      operation: 'readEventAvailability',
      summary: 'Read how many tickets of each type are left',
      tag: TAG,
      auth: 'optional',
      success: {
        status: 200,
        schema: EventAvailability,
        example: {
          ticketTypes: [
            { id: EXAMPLE_TICKET_TYPE.id, capacity: 200, sold: 12, held: 2, available: 186, sale: 'open' },
          ],
        },
        description: 'The counts of a moment ago.',
      },
      errors: ['not_found'],
    }),
    validate('param', EventParams),
    cachedForASecond,
    async (c) => c.json(await readEventAvailability(c.get('ctx'), c.req.valid('param').id)),
  )
