/** Routes under /api/v1/events: the takings of an event. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { describe } from '../core/openapi.ts'
import { validate } from '../core/validation.ts'
import { EventParams } from '../events/contract.ts'
import { EventTakings, EXAMPLE_TAKINGS, readEventTakings } from './event-takings.ts'

export const eventTakings = new Hono<AppEnv>().get(
  '/:id/takings',
  describe({
    operation: 'readEventTakings',
    summary: 'Read what an event took and what of it was paid out',
    description: 'For members who may read reports. Request the rest by `POST /payouts` with an `eventId`.',
    tag: 'Payouts',
    auth: 'user',
    success: {
      status: 200,
      schema: EventTakings,
      example: EXAMPLE_TAKINGS,
      description: 'The sums, one entry for each currency.',
    },
    errors: ['forbidden', 'not_found'],
  }),
  validate('param', EventParams),
  async (c) => c.json(await readEventTakings(c.get('ctx'), c.req.valid('param').id)),
)
