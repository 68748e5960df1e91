/** Whether a user takes part in a raffle. */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { reservations } from './schema.ts'

/** Reads the projection. It is complete once a raffle is drawn: the commitment reaches D1 no earlier than the sales. */
export async function holdsTickets(ctx: Ctx, userId: string, pool: string): Promise<boolean> {
  const { holds } = await ctx.db.get<{ holds: number }>(sql`
    SELECT EXISTS (SELECT 1 FROM ${reservations} WHERE ${reservations.holder} = ${userId}
      AND ${reservations.pool} = ${pool} AND ${reservations.state} = 'sold') AS holds`)
  return holds === 1
}
