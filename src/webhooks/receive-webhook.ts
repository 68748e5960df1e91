/** Receives webhooks of every provider: verifies each, stores it raw, then acts on it. A repeated event acts once. */
import { eq, lt, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound } from '../core/errors.ts'
import { DAY_MS } from '../core/time.ts'
import type { Provider } from '../money/provider-name.ts'
import { setUpProvider } from '../money/providers/index.ts'
import type { WebhookEvent, WebhookRequest } from '../money/providers/port.ts'
import { type PaymentRow, payments, payouts, refunds, webhooks } from '../money/schema.ts'
import { actOnWebhook, type WebhookRow } from './act-on-webhook.ts'

const KEPT_MS = 90 * DAY_MS
const PURGED_A_SWEEP = 1_000

export interface Received {
  /** The body that the provider expects. */
  answer: Record<string, unknown>
  /** Settles once the event took effect or failed. Never rejects. */
  acting: Promise<void>
}

/** Once this returns, the event is stored and can be acknowledged. The sweep retries it if acting on it fails. */
export async function receiveWebhook(
  ctx: Ctx,
  provider: Provider,
  door: string,
  request: WebhookRequest,
): Promise<Received> {
  const { webhooks: doors } = setUpProvider(provider, ctx.settings)
  if (!Object.hasOwn(doors, door)) throw notFound('webhook')
  const { read, answer, isShared = false } = doors[door]!
  const event = await read(ctx, request)
  const nothingMore = { answer, acting: Promise.resolve() }
  if (event === null) return nothingMore
  if ('act' in event) {
    await event.act(ctx)
    return nothingMore
  }
  const { webhook, payment } = await storeWebhook(ctx, provider, event, request.body)
  if (webhook === undefined) {
    if (isShared) return nothingMore
    throw notFound(event.subject)
  }
  const mustAct = webhook.actedAt === null || isPolled(payment)
  return { answer, acting: mustAct ? actAndLog(ctx, webhook, payment) : Promise.resolve() }
}

async function actAndLog(ctx: Ctx, webhook: WebhookRow, payment: PaymentRow | undefined): Promise<void> {
  try {
    await actOnWebhook(ctx, webhook, payment)
  } catch (error) {
    const { provider, eventId } = webhook
    ctx.log.error('a webhook was stored and not acted on', { provider, eventId, error })
  }
}

/** Its next poll does what the webhook asks for. */
const isPolled = (payment: PaymentRow | undefined): boolean => (payment?.dueAt ?? null) !== null

const SUBJECT_TABLES = { payment: payments, refund: refunds, payout: payouts }

/**
 * Stores the event unless it is stored already. Returns its row and the payment that it is about. The insert selects from
 * the subject's table, because a validly signed event may be about another installation that shares the account: then there
 * is no row. A payout may have been redirected to another provider since. An event about a payment that is polled anyway waits for no sweep of its own, which saves two rows for each paid order.
 */
async function storeWebhook(
  ctx: Ctx,
  provider: Provider,
  { eventId, subject, subjectId }: WebhookEvent,
  body: string,
): Promise<{ webhook: WebhookRow | undefined; payment: PaymentRow | undefined }> {
  const table = SUBJECT_TABLES[subject]
  const actedAt = subject === 'payment' ? sql`iif(${payments.dueAt} IS NULL, NULL, ${ctx.now})` : sql`NULL`
  const ofProvider = subject === 'payout' ? sql`true` : eq(table.provider, provider)
  const [[webhook], [payment]] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .insert(webhooks)
        .select(sql`
          SELECT ${provider}, ${eventId}, ${body}, ${ctx.now}, ${actedAt}, ${subject}, ${subjectId}
          FROM ${table} WHERE ${table.id} = ${subjectId} AND ${ofProvider}`)
        // A repeat changes nothing, so that the first row is returned.
        .onConflictDoUpdate({ target: [webhooks.provider, webhooks.eventId], set: { eventId } })
        .returning(),
      ctx.db.select().from(payments).where(eq(payments.id, subjectId)),
    ]),
  )
  return { webhook, payment }
}

/** Deletes events after 90 days, acted on or not, because raw bodies hold personal data. Each sweep deletes one batch. */
export async function purgeWebhooks(ctx: Ctx): Promise<void> {
  const old = ctx.db
    .select({ provider: webhooks.provider, eventId: webhooks.eventId })
    .from(webhooks)
    .where(lt(webhooks.receivedAt, ctx.now - KEPT_MS))
    .orderBy(webhooks.receivedAt)
    .limit(PURGED_A_SWEEP)
  await ctx.db.delete(webhooks).where(sql`(${webhooks.provider}, ${webhooks.eventId}) IN ${old}`)
}
