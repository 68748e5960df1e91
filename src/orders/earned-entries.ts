/** Entries that orders of our own shop earn: granted when an order is settled, revoked when it is refunded. */
import { and, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { grants } from '../grants/schema.ts'
import { raffles } from '../raffles/schema.ts'
import { amountOf } from './line-amounts.ts'
import { type OrderLineRow, type OrderRow, orderLines, orders } from './schema.ts'

/**
 * A statement for the batch that settles the order. It inserts a grant in every open raffle whose entries are earned at
 * the organisation of a line, for the sum of that organisation's lines. It does nothing if the order is already settled.
 */
export function enqueueGrants(ctx: Ctx, order: OrderRow, issued: OrderLineRow[]) {
  const spent = JSON.stringify(
    [...Map.groupBy(issued, ({ organisationId }) => organisationId)].map(([organisationId, lines]) => [
      organisationId,
      amountOf(lines),
    ]),
  )
  return ctx.db
    .insert(grants)
    .select(sql`
      SELECT ${raffles.id}, ${order.id}, ${raffles.organisationId}, ${order.userId}, NULL, NULL, spent.value->>1, 0,
             NULL, NULL, 'waiting', NULL, NULL, NULL, ${ctx.now}, ${ctx.now}, ${ctx.now}, NULL
      FROM json_each(${spent}) AS spent JOIN ${raffles} ON ${raffles.organisationId} = spent.value->>0
      WHERE spent.value->>1 > 0 AND ${raffles.status} = 'scheduled' AND ${raffles.entry} = 'order'
        AND ${raffles.earning}->>'per' <> 'admission'
        AND ${raffles.opensAt} <= ${ctx.now} AND ${raffles.closesAt} > ${ctx.now}
        AND ${raffles.priceCurrency} = ${order.currency}
        AND EXISTS (SELECT 1 FROM ${orders} WHERE ${orders.id} = ${order.id} AND ${orders.settledAt} IS NULL)`)
    .onConflictDoNothing()
    .returning({ raffleId: grants.raffleId, orderRef: grants.orderRef })
}

/**
 * A statement for the batch of a refund. It requests that the grants of these orders be revoked, if no issued line of
 * the granting organisation is left. `orderIds`: a list or a query in brackets.
 */
export function requestRevocations(ctx: Ctx, orderIds: SQL) {
  const left = sql`SELECT 1 FROM ${orderLines} WHERE ${orderLines.orderId} = ${grants.orderRef}
    AND ${orderLines.organisationId} = ${grants.organisationId} AND ${orderLines.state} = 'issued'`
  return ctx.db
    .update(grants)
    .set({ revokeAskedAt: ctx.now, dueAt: ctx.now })
    .where(
      and(
        sql`${grants.orderRef} IN ${orderIds}`,
        inArray(grants.status, ['waiting', 'granted']),
        isNull(grants.revokeAskedAt),
        sql`NOT EXISTS (${left})`,
      ),
    )
}
