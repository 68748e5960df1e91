/** Webhooks of every provider: verified first, then stored raw, then acted on; one that is told twice acts once. */
import { and, eq, lt, sql } from 'drizzle-orm'
import { requireAdmin } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound } from '../core/errors.ts'
import { DAY_MS } from '../core/time.ts'
import { providerOf } from '../money/providers/index.ts'
import type { WebhookEvent } from '../money/providers/port.ts'
import { type PaymentRow, payments, payouts, refunds, webhooks } from '../money/schema.ts'
import type { Provider } from '../raffles/contract.ts'
import { actOnWebhook, findSubject, type WebhookRow } from './act-on-webhook.ts'

const KEPT_MS = 90 * DAY_MS
const PURGED_AT_A_TIME = 1_000

/** Once it returns the event is ours: what fails from then on, the sweep makes good. */
export async function receiveWebhook(
  ctx: Ctx,
  provider: Provider,
  headers: Headers,
  body: string,
): Promise<void> {
  const { parseWebhook } = providerOf(provider)
  if (parseWebhook === null) throw notFound('webhook')
  const event = await parseWebhook(ctx, headers, body)
  const { webhook, payment } = await store(ctx, provider, event, body)
  if (webhook.actedAt !== null) return
  try {
    await actOnWebhook(ctx, webhook, payment)
  } catch (error) {
    ctx.log.error('a webhook was stored and not acted on', { provider, eventId: event.eventId, error })
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

/** Acts on a stored webhook once more, whether it was acted on or not. */
export async function replayWebhook(ctx: Ctx, provider: Provider, eventId: string): Promise<void> {
  await requireAdmin(ctx)
  const webhook = await ctx.db
    .select()
    .from(webhooks)
    .where(and(eq(webhooks.provider, provider), eq(webhooks.eventId, eventId)))
    .get()
  if (webhook === undefined) throw notFound('webhook')
  await actOnWebhook(ctx, webhook, await findSubject(ctx, webhook))
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
