/** The sweep over webhooks: acts on what was stored and not acted on. */
import { and, asc, isNull, lte, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { sweepRows } from '../core/sweep-rows.ts'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { webhooks } from '../money/schema.ts'
import { actOnWebhook, findSubject } from './act-on-webhook.ts'

/** Whoever took a webhook in is most likely still acting on it. */
const PATIENCE_MS = 20 * SECOND_MS

/** What could not be acted on for so long is tried once an hour instead of each minute. */
const OFTEN_FOR_MS = DAY_MS
const SELDOM_MS = 60 * MINUTE_MS

/** By its age alone: a sweep that does not come in that minute leaves it to the next hour's. */
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
        .where(
          and(isNull(webhooks.actedAt), lte(webhooks.receivedAt, ctx.now - PATIENCE_MS), isTurn(ctx.now)),
        )
        .orderBy(asc(webhooks.receivedAt), asc(webhooks.eventId))
        .limit(limit),
    one: async ({ webhook }) => actOnWebhook(ctx, webhook, await findSubject(ctx, webhook)),
  })
