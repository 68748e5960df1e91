/** Doors under /api/v1/payments where providers report, and what was reported: for whoever manages what it is about. */
import { Hono } from 'hono'
import type { AppContext, AppEnv } from '../core/context.ts'
import { describe, PAGE_ERRORS } from '../core/openapi.ts'
import { SECOND_MS } from '../core/time.ts'
import { endsWithin } from '../core/time-limit.ts'
import { validate } from '../core/validation.ts'
import {
  EXAMPLE_STORED_WEBHOOK,
  ListWebhooks,
  ReplayParams,
  SecretWebhookParams,
  StoredWebhookPage,
  type WebhookAddress,
  WebhookAnswer,
  WebhookParams,
} from './contract.ts'
import { receiveWebhook } from './receive-webhook.ts'
import { listWebhooks, replayWebhook } from './stored-webhooks.ts'

const TAG = 'Payments'

const aWebhook = describe({
  summary: 'Where providers report',
  description:
    'For providers alone: what comes is verified by the provider’s signature, or by the token in the address. Told twice, an event takes effect once.',
  tag: TAG,
  auth: 'none',
  success: {
    status: 200,
    schema: WebhookAnswer,
    example: { received: true },
    description: 'The event is taken; the answer is what the provider wants to hear.',
  },
  errors: ['forbidden', 'malformed_request', 'not_found', 'invalid_state', 'payload_too_large'],
})

export const webhookRoutes = new Hono<AppEnv>()
  .get(
    '/webhooks',
    describe({
      summary: 'List what providers have told',
      description:
        'Newest first: the events of the payment, refund or payout that `about` names, for whoever manages it; without, all of them, for an administrator. They are kept for 90 days.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: StoredWebhookPage,
        example: { data: [EXAMPLE_STORED_WEBHOOK], nextCursor: null },
        description: 'One page of events.',
      },
      errors: [...PAGE_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('query', ListWebhooks),
    async (c) => c.json(await listWebhooks(c.get('ctx'), c.req.valid('query'))),
  )
  .post(
    '/webhooks/:provider/:eventId/replay',
    describe({
      summary: 'Act on a stored event again',
      description:
        'For whoever manages what it tells of. The provider is asked afresh; what took effect before does not again.',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'It was acted on.' },
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', ReplayParams),
    async (c) => {
      const { provider, eventId } = c.req.valid('param')
      await replayWebhook(c.get('ctx'), provider, eventId)
      return c.body(null, 204)
    },
  )
  // A provider signs what it reports, or knows an address that nobody can guess: one route with its token, one without.
  .post('/:provider/:door', aWebhook, validate('param', WebhookParams), async (c) =>
    c.json(await takeWebhook(c, { ...c.req.valid('param'), token: null })),
  )
  .post('/:provider/:door/:token', aWebhook, validate('param', SecretWebhookParams), async (c) =>
    c.json(await takeWebhook(c, c.req.valid('param'))),
  )

/** Providers give up on whoever answers late, and tell it again or never. */
const PATIENCE_MS = 2 * SECOND_MS

async function takeWebhook(
  c: AppContext,
  { provider, door, token }: WebhookAddress,
): Promise<Record<string, unknown>> {
  const request = { headers: c.req.raw.headers, body: await c.req.text(), token }
  const { answer, acting } = await receiveWebhook(c.get('ctx'), provider, door, request)
  if (!(await endsWithin(PATIENCE_MS, acting))) c.executionCtx.waitUntil(acting)
  return answer
}
