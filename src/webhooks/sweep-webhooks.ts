/** Sweeps webhooks that were stored but did not take effect. */
import { and, asc, isNull, lte, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { sweepRows } from '../core/sweep-rows.ts'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { webhooks } from '../money/schema.ts'
import { actOnWebhook, findPaymentOf } from './act-on-webhook.ts'

/** The request that received a webhook may still be acting on it for this long. */
const ACTING_MS = 20 * SECOND_MS

/** An event is retried each minute for this long, and then once an hour. */
const OFTEN_FOR_MS = DAY_MS
const SELDOM_MS = 60 * MINUTE_MS

/** Decided by the event's age alone. A sweep that misses its minute leaves it to the next hour. */
const isTurn = (now: number) =>
  sql`(${webhooks.receivedAt} > ${now - OFTEN_FOR_MS}
    OR (${now} - ${webhooks.receivedAt}) % ${SELDOM_MS} < ${MINUTE_MS})`

export const sweepWebhooks = (ctx: Ctx) =>
  sweepRows(ctx, {
    name: 'webhook',
    page: (limit) =>
      ctx.db
        .select({ id: webhooks.eventId, webhook: webhooks })
        .from(webhooks)
        .where(and(isNull(webhooks.actedAt), lte(webhooks.receivedAt, ctx.now - ACTING_MS), isTurn(ctx.now)))
        .orderBy(asc(webhooks.receivedAt), asc(webhooks.eventId))
        .limit(limit),
    one: async ({ webhook }, at) => actOnWebhook(at, webhook, await findPaymentOf(at, webhook)),
  })
