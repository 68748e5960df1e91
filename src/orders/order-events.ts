/** An order's history in plain words: each thing that happened is told once, in the batch in which it happened. */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { orderEvents } from './schema.ts'

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
