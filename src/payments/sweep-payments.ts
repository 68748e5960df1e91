/** The sweep over payments: asks about silent ones on their schedule, and acts on what was told and not acted on. */
import { and, asc, eq, inArray, isNull, lte, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { sweepRows } from '../core/sweep-rows.ts'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { payments, webhooks } from '../money/schema.ts'
import { orders } from '../orders/schema.ts'
import { sweepCharges } from '../sandbox/send-webhook.ts'
import { actOnWebhook, findSubject } from '../webhooks/act-on-webhook.ts'
import { reconcilePayment } from './reconcile-payment.ts'

/** Until the next sweep has begun. */
const UNTIL_NEXT_MS = 65 * SECOND_MS
/** Whoever took a webhook in is most likely still acting on it. */
const PATIENCE_MS = 20 * SECOND_MS

/** What could not be acted on for so long is tried once an hour instead of each minute. */
const OFTEN_FOR_MS = DAY_MS
const SELDOM_MS = 60 * MINUTE_MS

/** By its age alone: a sweep that does not come in that minute leaves it to the next hour's. */
const isTurn = (now: number) =>
  sql`(${webhooks.receivedAt} > ${now - OFTEN_FOR_MS}
    OR (${now} - ${webhooks.receivedAt}) % ${SELDOM_MS} < ${MINUTE_MS})`

export async function sweepPayments(ctx: Ctx): Promise<void> {
  await sweepCharges(ctx)
  await sweepRows(ctx, {
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
  await sweepRows(ctx, {
    name: 'payment',
    page: (limit) => duePayments(ctx, limit),
    one: (payment) => reconcilePayment(ctx, payment),
  })
}

/** Those whose time has come, and those whose order must be paid before the next sweep. */
function duePayments(ctx: Ctx, limit: number) {
  const ending = ctx.db
    .select({ id: orders.id })
    .from(orders)
    .where(
      and(
        eq(orders.status, 'pending'),
        lte(orders.dueAt, ctx.now + UNTIL_NEXT_MS),
        lte(orders.payUntil, ctx.now + UNTIL_NEXT_MS),
      ),
    )
    .orderBy(asc(orders.dueAt))
    .limit(limit)
  const ids = sql`
    SELECT id FROM (
      SELECT ${payments.id} AS id FROM ${payments} WHERE ${payments.dueAt} <= ${ctx.now}
      ORDER BY ${payments.dueAt} LIMIT ${limit}
    ) UNION SELECT ${payments.id} FROM ${payments}
    WHERE ${payments.status} IN ('starting', 'pending') AND ${payments.orderId} IN (${ending})`
  return ctx.db
    .select()
    .from(payments)
    .where(inArray(payments.id, sql`(${ids})`))
    .orderBy(asc(payments.dueAt))
    .limit(limit)
}
