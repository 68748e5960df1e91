/** Webhooks of every provider: verified first, then stored raw, then acted on; one that is told twice acts once. */
import { eq, lt, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound } from '../core/errors.ts'
import { DAY_MS } from '../core/time.ts'
import type { Provider } from '../money/provider-name.ts'
import { providerOf } from '../money/providers/index.ts'
import type { WebhookEvent, WebhookRequest } from '../money/providers/port.ts'
import { type PaymentRow, payments, payouts, refunds, webhooks } from '../money/schema.ts'
import { actOnWebhook, type WebhookRow } from './act-on-webhook.ts'

const KEPT_MS = 90 * DAY_MS
const PURGED_AT_A_TIME = 1_000

export interface Received {
  /** What the provider wants to hear. */
  answer: Record<string, unknown>
  /** Ends when it has had its effect; never throws. */
  acting: Promise<void>
}

/** Once it returns the event is ours and can be answered: what fails from then on, the sweep makes good. */
export async function receiveWebhook(
  ctx: Ctx,
  provider: Provider,
  door: string,
  request: WebhookRequest,
): Promise<Received> {
  const { webhooks: doors } = providerOf(provider)
  if (!Object.hasOwn(doors, door)) throw notFound('webhook')
  const { read, answer } = doors[door]!
  const event = await read(ctx, request)
  const { webhook, payment } = await store(ctx, provider, event, request.body)
  return { answer, acting: webhook.actedAt === null ? act(ctx, webhook, payment) : Promise.resolve() }
}

async function act(ctx: Ctx, webhook: WebhookRow, payment: PaymentRow | undefined): Promise<void> {
  try {
    await actOnWebhook(ctx, webhook, payment)
  } catch (error) {
    const { provider, eventId } = webhook
    ctx.log.error('a webhook was stored and not acted on', { provider, eventId, error })
  }
}

const SUBJECTS = { payment: payments, refund: refunds, payout: payouts }

/**
 * The row of this event, from now or from when it was told first, and the payment that it is about. An event can be
 * rightly signed and yet about something that is not ours: another installation may share the account.
 */
async function store(
  ctx: Ctx,
  provider: Provider,
  { eventId, subject, subjectId }: WebhookEvent,
  body: string,
): Promise<{ webhook: WebhookRow; payment: PaymentRow | undefined }> {
  const table = SUBJECTS[subject]
  const [[webhook], [payment]] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .insert(webhooks)
        .select(sql`
          SELECT ${provider}, ${eventId}, ${body}, ${ctx.now}, NULL, ${subject}, ${subjectId}
          FROM ${table} WHERE ${table.id} = ${subjectId} AND ${table.provider} = ${provider}`)
        // Changes nothing: the row that is there is what is answered.
        .onConflictDoUpdate({ target: [webhooks.provider, webhooks.eventId], set: { eventId } })
        .returning(),
      ctx.db.select().from(payments).where(eq(payments.id, subjectId)),
    ]),
  )
  if (webhook === undefined) throw notFound(subject)
  return { webhook, payment }
}

/** Raw bodies hold what providers know of payers: they go after 90 days, acted on or not, some of them a sweep. */
export async function purgeWebhooks(ctx: Ctx): Promise<void> {
  const old = ctx.db
    .select({ provider: webhooks.provider, eventId: webhooks.eventId })
    .from(webhooks)
    .where(lt(webhooks.receivedAt, ctx.now - KEPT_MS))
    .orderBy(webhooks.receivedAt)
    .limit(PURGED_AT_A_TIME)
  await ctx.db.delete(webhooks).where(sql`(${webhooks.provider}, ${webhooks.eventId}) IN ${old}`)
}
