/** The sweep over held stock: what no order will pay for any more is for sale again. */
import { and, asc, eq, lte, sql } from 'drizzle-orm'
import { stockHolds } from '../../catalog/schema.ts'
import { releaseStock } from '../../catalog/stock-holds.ts'
import type { Ctx } from '../../core/context.ts'
import { sweepRows } from '../../core/sweep-rows.ts'
import { GRACE_MS } from '../../tickets/pool-contract.ts'
import { orderLines } from '../schema.ts'

/** Of an order that waits to be paid or settled: only that order lets it go. */
const isOrdered = sql`EXISTS (SELECT 1 FROM ${orderLines} WHERE ${orderLines.kind} = 'product'
  AND ${orderLines.reservationId} = ${stockHolds.id} AND ${orderLines.state} = 'held')`

export const sweepStockHolds = (ctx: Ctx) =>
  sweepRows(ctx, {
    name: 'stock hold',
    page: (limit) =>
      ctx.db
        .select()
        .from(stockHolds)
        .where(
          and(
            eq(stockHolds.state, 'held'),
            lte(stockHolds.heldUntil, ctx.now - GRACE_MS),
            sql`NOT ${isOrdered}`,
          ),
        )
        .orderBy(asc(stockHolds.heldUntil))
        .limit(limit),
    one: ({ id }) => releaseStock(ctx, id),
  })
