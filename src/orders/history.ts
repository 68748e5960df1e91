/** The stored events of an order's history: each is recorded once, in the batch that makes it happen. */
import { type SQL, sql } from 'drizzle-orm'
import { FULFILMENT_STATUSES, type FulfilmentStatus } from '../catalog/schema.ts'
import type { Ctx } from '../core/context.ts'
import { orderEvents } from './schema.ts'

/** The key of the event that a line reached a step of its fulfilment. */
export const fulfilmentKey = (line: number, status: FulfilmentStatus): string =>
  `fulfilment:${line}:${status}`

/** Whether the text of an event gives away nothing but these lines: no other line and no sum. */
export const mayBeShownWith = (key: string, lines: readonly { line: number }[]): boolean =>
  key === 'expired' ||
  key === 'cancelled' ||
  lines.some(({ line }) => FULFILMENT_STATUSES.some((status) => key === fulfilmentKey(line, status)))

/**
 * A statement for the batch that makes the event happen. It inserts the event if `guard` holds. A second event with the
 * same `key` is ignored.
 */
export function insertOrderEvent(
  ctx: Ctx,
  orderId: string,
  key: string,
  text: string,
  guard: SQL = sql`true`,
) {
  return ctx.db
    .insert(orderEvents)
    .select(sql`
      SELECT ${orderId}, ${key}, (SELECT count(*) FROM ${orderEvents} WHERE ${orderEvents.orderId} = ${orderId}),
             ${ctx.now}, ${text}
      WHERE ${guard}`)
    .onConflictDoNothing()
}
