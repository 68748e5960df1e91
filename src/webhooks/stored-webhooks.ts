/** Lists and replays stored webhooks, for those who manage their payment, refund or payout. */
import { and, desc, eq, sql } from 'drizzle-orm'
import * as z from 'zod'
import { requireAdmin, requireLiveUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound, Problem } from '../core/errors.ts'
import { ID_PREFIXES } from '../core/ids.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import { toInstant, toInstantOrNull } from '../core/time.ts'
import type { Provider } from '../money/provider-name.ts'
import { WEBHOOK_SUBJECTS, type WebhookSubject, webhooks } from '../money/schema.ts'
import { findPaymentFor } from '../payments/find-payment.ts'
import { findPayoutFor } from '../payouts/find-payout.ts'
import { findRefund } from '../refunds/find-refund.ts'
import { actOnWebhook, findPaymentOf, type WebhookRow } from './act-on-webhook.ts'
import type { ListWebhooks, StoredWebhook } from './contract.ts'

/** The newest first. */
export async function listWebhooks(
  ctx: Ctx,
  { about, cursor, limit }: ListWebhooks,
): Promise<PageOf<StoredWebhook>> {
  if (about === undefined) await requireAdmin(ctx)
  else await mustManage(ctx, subjectOf(about), about)
  const after = readCursor(cursor, z.tuple([z.number().int(), z.string()]))
  const rows = await ctx.db
    .select()
    .from(webhooks)
    .where(
      and(
        about === undefined ? undefined : eq(webhooks.subjectId, about),
        after && sql`(${webhooks.receivedAt}, ${webhooks.eventId}) < (${after[0]}, ${after[1]})`,
      ),
    )
    .orderBy(desc(webhooks.receivedAt), desc(webhooks.eventId))
    .limit(limit + 1)
  return toPage(rows, limit, ({ receivedAt, eventId }) => [receivedAt, eventId], present)
}

/** Acts on a stored event again, whether or not it took effect before. */
export async function replayWebhook(ctx: Ctx, provider: Provider, eventId: string): Promise<void> {
  await requireLiveUser(ctx)
  const webhook = await ctx.db
    .select()
    .from(webhooks)
    .where(and(eq(webhooks.provider, provider), eq(webhooks.eventId, eventId)))
    .get()
  if (webhook === undefined) throw notFound('webhook')
  await mustManage(ctx, webhook.subject, webhook.subjectId)
  await actOnWebhook(ctx, webhook, await findPaymentOf(ctx, webhook))
}

/** Throws `not_found` to others: they must not learn whether the payment, refund or payout exists. */
async function mustManage(ctx: Ctx, subject: WebhookSubject, id: string): Promise<void> {
  try {
    if (subject === 'payout') await findPayoutFor(ctx, id, 'payouts:approve')
    else {
      const paymentId = subject === 'payment' ? id : (await findRefund(ctx, id)).paymentId
      await findPaymentFor(ctx, paymentId, 'payments:manage', 'any')
    }
  } catch (error) {
    if (error instanceof Problem && error.code === 'not_found') throw notFound('webhook')
    throw error
  }
}

const subjectOf = (id: string): WebhookSubject =>
  WEBHOOK_SUBJECTS.find((subject) => id.startsWith(`${ID_PREFIXES[subject]}_`))!

const present = ({
  provider,
  eventId,
  subject,
  subjectId,
  receivedAt,
  actedAt,
}: WebhookRow): StoredWebhook => ({
  provider,
  eventId,
  subject,
  subjectId,
  receivedAt: toInstant(receivedAt),
  actedAt: toInstantOrNull(actedAt),
})
