/** An order's history in plain words: each thing that happened is told once, in the batch in which it happened. */
import { type SQL, sql } from 'drizzle-orm'
import { FULFILMENT_STATUSES, type FulfilmentStatus } from '../catalog/schema.ts'
import type { Ctx } from '../core/context.ts'
import { orderEvents } from './schema.ts'

/** The key of a step of a line on its way to the buyer. */
export const fulfilmentKey = (line: number, status: FulfilmentStatus): string =>
  `fulfilment:${line}:${status}`

/** Whether an event's words are about these lines alone, or about no line and no sum. */
export const mayBeShownWith = (key: string, lines: readonly { line: number }[]): boolean =>
  key === 'expired' ||
  key === 'cancelled' ||
  lines.some(({ line }) => FULFILMENT_STATUSES.some((status) => key === fulfilmentKey(line, status)))

/** A statement, to be batched with what it tells of; `key` makes it one event; where `guard` holds. */
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
