/** Which numbers of a reservation somebody is in with. */
import { and, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { COUNTS, checkIns } from './schema.ts'

interface Tickets {
  ticketTypeId: string
  reservationId: string
  numbers: readonly number[]
}

export const selectWhoIsIn = (ctx: Ctx, { ticketTypeId, reservationId, numbers }: Tickets) =>
  ctx.db
    .select({ number: checkIns.number, scannedAt: checkIns.scannedAt })
    .from(checkIns)
    .where(
      and(
        eq(checkIns.ticketTypeId, ticketTypeId),
        sql`${checkIns.number} IN (SELECT value FROM json_each(${JSON.stringify(numbers)}))`,
        eq(checkIns.reservationId, reservationId),
        COUNTS,
      ),
    )
