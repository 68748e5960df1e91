/** What the sweep of admissions repeats each minute, and which has failed for an hour: for the health check. */
import { count, lt } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { HOUR_MS } from '../core/time.ts'
import { ticketReturns, ticketTransfers } from './schema.ts'

const STUCK_AFTER_MS = HOUR_MS

const countOverdue =
  (table: typeof ticketReturns | typeof ticketTransfers) =>
  async (ctx: Ctx): Promise<number> => {
    const found = await ctx.db
      .select({ stuck: count() })
      .from(table)
      .where(lt(table.dueAt, ctx.now - STUCK_AFTER_MS))
      .get()
    return found?.stuck ?? 0
  }

/** Returned tickets that are not void yet. */
export const countStuckReturns = countOverdue(ticketReturns)

/** Accepted tickets that are not with their receivers yet, and offers that have not ended in time. */
export const countStuckTransfers = countOverdue(ticketTransfers)
