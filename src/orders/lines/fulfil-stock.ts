/** Records the next fulfilment step of a sold stock hold: forward only, each step once. */
import { and, eq, sql } from 'drizzle-orm'
import { FULFILMENT_STATUSES, stockHolds } from '../../catalog/schema.ts'
import { withRetry } from '../../core/database.ts'
import type { Fulfil } from '../line.ts'

export const fulfilStock: Fulfil = async (ctx, { reservationId }, { status, reference }, event) => {
  const before = FULFILMENT_STATUSES.slice(0, FULFILMENT_STATUSES.indexOf(status))
  const isAtStep = sql`EXISTS (SELECT 1 FROM ${stockHolds} WHERE ${stockHolds.id} = ${reservationId}
    AND ${stockHolds.fulfilment} = ${status})`
  const [, , [hold]] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(stockHolds)
        .set({
          fulfilment: status,
          // A later step keeps the parcel number unless it gives a new one.
          ...(reference === undefined ? {} : { reference }),
        })
        .where(
          and(
            eq(stockHolds.id, reservationId),
            eq(stockHolds.state, 'sold'),
            sql`${stockHolds.fulfilment} IN (SELECT value FROM json_each(${JSON.stringify(before)}))`,
          ),
        ),
      event(isAtStep),
      ctx.db.select().from(stockHolds).where(eq(stockHolds.id, reservationId)),
    ]),
  )
  const isSame = hold!.fulfilment === status && (reference === undefined || hold!.reference === reference)
  if (isSame) return null
  return hold!.state === 'sold' ? `already ${hold!.fulfilment}` : hold!.state
}
