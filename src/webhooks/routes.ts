/** Routes under /api/v1/payments where providers send webhooks, and where those who manage a subject read and replay them. */
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

const EVERY_WEBHOOK =
  'For providers only. An event about a payment, refund or payout is stored, answered as its provider expects, then acted on: the provider itself is asked, because an event is only a hint. A repeated event takes effect once.'

const aWebhook = (operation: string, summary: string, description: string) =>
  describe({
    operation,
    summary,
    description: `${EVERY_WEBHOOK} ${description}`,
    tag: TAG,
    auth: 'none',
    anyParameters: true,
    success: {
      status: 200,
      schema: WebhookAnswer,
      example: { received: true },
      description: 'The event is stored. The answer is the one that the provider expects.',
    },
    errors: ['forbidden', 'malformed_request', 'not_found', 'invalid_state', 'payload_too_large'],
  })

export const webhookRoutes = new Hono<AppEnv>()
  .get(
    '/webhooks',
    describe({
      operation: 'listWebhooks',
      summary: 'List webhooks',
      description:
        'Newest first. `about` names a payment, refund or payout; those who manage it may list its events. Without `about` an administrator lists all events. Events are kept for 90 days.',
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
      operation: 'replayWebhook',
      summary: 'Replay a webhook',
      description:
        'For those who manage its payment, refund or payout. The provider is polled again. An effect that happened already does not happen twice.',
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
  // A provider signs its events, or sends them to an address with a secret token: hence two routes.
  .post(
    '/:provider/:door',
    aWebhook(
      'receiveWebhook',
      'Receive a signed webhook',
      'Enter these addresses at the provider: `stripe/webhook` for events of your account and `stripe/connect` for those of connected accounts, both signed in `Stripe-Signature`. `sandbox/webhook` is called by the sandbox itself. An event whose signature is wrong, or older than five minutes, is refused with 403.',
    ),
    validate('param', WebhookParams),
    async (c) => c.json(await takeWebhook(c, { ...c.req.valid('param'), token: null })),
  )
  .post(
    '/:provider/:door/:token',
    aWebhook(
      'receiveWebhookWithToken',
      'Receive a webhook at a secret address',
      'M-Pesa signs nothing, so each request to it names an address of its own, which nobody can guess: `mpesa/callback/…` for a payment; `mpesa/result/…`, `mpesa/timeout/…` and `mpesa/status/…` for a refund or payout. Nothing is entered at the provider. A token that was not issued for this address is refused with 403.',
    ),
    validate('param', SecretWebhookParams),
    async (c) => c.json(await takeWebhook(c, c.req.valid('param'))),
  )

/** A provider treats a late answer as a failure: it repeats the event, or never sends it again. */
const ANSWER_WITHIN_MS = 2 * SECOND_MS

async function takeWebhook(
  c: AppContext,
  { provider, door, token }: WebhookAddress,
): Promise<Record<string, unknown>> {
  const request = { headers: c.req.raw.headers, body: await c.req.text(), token }
  const { answer, acting } = await receiveWebhook(c.get('ctx'), provider, door, request)
  if (!(await endsWithin(ANSWER_WITHIN_MS, acting))) c.executionCtx.waitUntil(acting)
  return answer
}
