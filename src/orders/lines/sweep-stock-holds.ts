/** Sweeps stock holds: releases those that no order can pay for any longer. */
import { and, asc, eq, lte, sql } from 'drizzle-orm'
import { stockHolds } from '../../catalog/schema.ts'
import { releaseStock } from '../../catalog/stock-holds.ts'
import type { Ctx } from '../../core/context.ts'
import { sweepRows } from '../../core/sweep-rows.ts'
import { GRACE_MS } from '../../tickets/pool-contract.ts'
import { orderLines } from '../schema.ts'

/** The hold belongs to an order that is still unpaid or being settled. Only that order may release it. */
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
    // A client may break off its request on purpose, so that no order is written. That must not be free.
    one: ({ id }) => releaseStock(ctx, id, true),
  })
