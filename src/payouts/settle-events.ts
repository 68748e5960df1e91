/**
 * Settles events: once one is over and no money of it is under way, its takings become its organisation's. From then on
 * they can be requested like the rest of a raffle. See decision 34.
 */
import { and, asc, eq, isNull, lte, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { type Swept, sweepRows } from '../core/sweep-rows.ts'
import { events, ticketTypes } from '../events/schema.ts'
import { takingsOf } from '../events/takings.ts'
import { account } from '../money/ledger.ts'
import { refundRuns, transfers } from '../money/schema.ts'
import { isMoneyOpen } from '../refunds/open-money.ts'

const typesOf = sql`(SELECT ${ticketTypes.id} FROM ${ticketTypes} WHERE ${ticketTypes.eventId} = ${events.id})`

/** Neither an order, a refund nor a run of refunds of the event is under way. */
const isQuiet = sql`NOT ${isMoneyOpen(typesOf, null)} AND NOT EXISTS (
  SELECT 1 FROM ${refundRuns} WHERE ${refundRuns.itemId} IN ${typesOf} AND ${refundRuns.finishedAt} IS NULL)`

/** It is over, and nobody gets a refund any more without a decision of the organisation. */
const isSettleable = (ctx: Ctx): SQL =>
  and(
    eq(events.status, sql`'published'`),
    isNull(events.settledAt),
    lte(events.endsAt, ctx.now),
    sql`coalesce(${events.refundUntil}, 0) <= ${ctx.now}`,
    isQuiet,
  )!

export const sweepEvents = (ctx: Ctx): Promise<Swept> =>
  sweepRows(ctx, {
    name: 'event to settle',
    page: (limit) =>
      ctx.db
        .select({ id: events.id, organisationId: events.organisationId })
        .from(events)
        .where(isSettleable(ctx))
        .orderBy(asc(events.endsAt))
        .limit(limit),
    one: (event) => settleEvent(ctx, event),
  })

interface Settled {
  id: string
  organisationId: string
}

/**
 * One batch, so a crash settles all or nothing, and of two sweeps one does it. The revision grows, so that a cancellation
 * or postponement that has read the event before its end fails. The transfers only make the books easy to read: what an
 * organisation has is added up from the sales and refunds themselves.
 */
async function settleEvent(ctx: Ctx, { id, organisationId }: Settled): Promise<void> {
  const transactionId = `event:${id}`
  const settle = ctx.db
    .update(events)
    .set({ settledAt: ctx.now, revision: sql`${events.revision} + 1`, updatedAt: ctx.now })
    .where(and(eq(events.id, id), isSettleable(ctx)))
  const isNow = sql`EXISTS (
    SELECT 1 FROM ${events} WHERE ${events.id} = ${id} AND ${events.settledAt} = ${ctx.now})
    AND NOT EXISTS (SELECT 1 FROM ${transfers} WHERE ${transfers.transactionId} = ${transactionId})`
  const move = ctx.db.insert(transfers).select(sql`
    SELECT ${transactionId}, row_number() OVER (ORDER BY ticket_type_id, currency) - 1,
           ${account.takings('')} || ticket_type_id, ${account.organiser(organisationId)}, currency, sum(taken),
           NULL, NULL, ${ctx.now}, NULL, NULL
    FROM ${takingsOf(organisationId, id)} WHERE ${isNow}
    GROUP BY ticket_type_id, currency HAVING sum(taken) > 0`)
  await withRetry(() => ctx.db.batch([settle, move]))
}
