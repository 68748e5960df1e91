/** The shapes of webhooks on the wire: the addresses that providers call, and the stored events. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { Instant } from '../core/time.ts'
import { Provider } from '../money/provider-name.ts'
import { ProviderIn } from '../money/providers/offered.ts'
import { WEBHOOK_SUBJECTS } from '../money/schema.ts'
import { EXAMPLE_PAYMENT_ID } from '../orders/examples.ts'

/** The address of one kind of webhook. The token authenticates a provider that signs nothing. */
export const WebhookParams = z.object({ provider: ProviderIn, door: z.string().max(40) })

export const SecretWebhookParams = WebhookParams.extend({ token: z.string().max(200) })

export type WebhookAddress = z.infer<typeof WebhookParams> & { token: string | null }

export const ReplayParams = z.object({ provider: ProviderIn, eventId: z.string().min(1).max(255) })

/** The body that the provider expects. */
export const WebhookAnswer = z.record(z.string(), z.unknown()).meta({ id: 'WebhookAnswer' })

export const ListWebhooks = PageQuery.extend({
  about: z
    .union([Id('payment'), Id('refund'), Id('payout')], 'must be the id of a payment, refund or payout')
    .optional()
    .describe(
      'The payment, refund or payout that the events are about. Only an administrator may leave it out.',
    ),
})

export type ListWebhooks = z.infer<typeof ListWebhooks>

/** A webhook without its body, which holds personal data of the payer. */
export const StoredWebhook = z
  .strictObject({
    provider: Provider,
    eventId: z.string(),
    subject: z.enum(WEBHOOK_SUBJECTS),
    subjectId: z.string(),
    receivedAt: Instant,
    actedAt: Instant.nullable().describe(
      'When it was acted on; null: not yet, and it is retried. After a crash, a payment that is polled is polled again.',
    ),
  })
  .meta({ id: 'StoredWebhook' })

export type StoredWebhook = z.infer<typeof StoredWebhook>

export const StoredWebhookPage = Page(StoredWebhook)

export const EXAMPLE_STORED_WEBHOOK = {
  provider: 'sandbox',
  eventId: `${EXAMPLE_PAYMENT_ID}:approved`,
  subject: 'payment',
  subjectId: EXAMPLE_PAYMENT_ID,
  receivedAt: '2026-11-20T17:00:31.000Z',
  actedAt: '2026-11-20T17:00:31.000Z',
}
