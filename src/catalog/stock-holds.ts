/**
 * Sells, releases and returns held stock. Each step is one batch, guarded by the state that it leaves, so that a repeat
 * changes nothing. The stock is always the units that are neither held nor sold.
 */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { products, type StockHoldRow, stockHolds } from './schema.ts'

/** The product's id of a hold in `state`; null in another state, so that the guarded statement changes nothing. */
const productIdOf = (id: string, state: StockHoldRow['state']) => sql`(
  SELECT ${stockHolds.productId} FROM ${stockHolds} WHERE ${stockHolds.id} = ${id} AND ${stockHolds.state} = ${state})`
const quantityOf = (id: string) =>
  sql`(SELECT ${stockHolds.quantity} FROM ${stockHolds} WHERE ${stockHolds.id} = ${id})`

/**
 * Called once the hold is paid. A released hold takes its units again if there are enough, else it is `lost` for ever.
 * Idempotent: a repeat returns the first outcome.
 */
export async function sellStock(ctx: Ctx, id: string): Promise<'sold' | 'lost'> {
  const isLeft = sql`EXISTS (SELECT 1 FROM ${products} WHERE ${products.id} = ${stockHolds.productId}
    AND ${products.stock} >= ${stockHolds.quantity})`
  const [, , , [hold]] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(stockHolds)
        .set({ state: 'lost' })
        .where(and(eq(stockHolds.id, id), eq(stockHolds.state, 'released'), sql`NOT ${isLeft}`)),
      ctx.db
        .update(products)
        .set({ stock: sql`${products.stock} - ${quantityOf(id)}` })
        .where(sql`${products.id} = ${productIdOf(id, 'released')}`),
      ctx.db
        .update(stockHolds)
        .set({ state: 'sold' })
        .where(and(eq(stockHolds.id, id), inArray(stockHolds.state, ['held', 'released']))),
      ctx.db.select().from(stockHolds).where(eq(stockHolds.id, id)),
    ]),
  )
  return hold!.state === 'lost' ? 'lost' : 'sold'
}

/**
 * Ends a hold that will not be paid. `isUnpaid`: the buyer had the time to pay, so it counts towards a pause. Idempotent:
 * only a `held` hold changes.
 */
export async function releaseStock(ctx: Ctx, id: string, isUnpaid: boolean): Promise<void> {
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(products)
        .set({ stock: sql`${products.stock} + ${quantityOf(id)}` })
        .where(sql`${products.id} = ${productIdOf(id, 'held')}`),
      ctx.db
        .update(stockHolds)
        .set({ state: 'released', unpaidAt: isUnpaid ? ctx.now : null })
        .where(and(eq(stockHolds.id, id), eq(stockHolds.state, 'held'))),
    ]),
  )
}

/** The sold units that were not returned, numbered from 1. */
export async function unitsOf(ctx: Ctx, id: string): Promise<number[]> {
  const hold = await ctx.db.select().from(stockHolds).where(eq(stockHolds.id, id)).get()
  if (hold?.state !== 'sold') return []
  const units = Array.from({ length: hold.quantity }, (_, at) => at + 1)
  return units.filter((unit) => !hold.returned.includes(unit))
}

/** Returns units. They go back into stock unless they were shipped. False if the hold was never sold. */
export async function takeStockBack(ctx: Ctx, id: string, units: number[]): Promise<boolean> {
  const wanted = JSON.stringify(units)
  const isHere = sql`${stockHolds.fulfilment} IN ('none', 'packed')`
  const fresh = sql`(SELECT count(*) FROM ${stockHolds}, json_each(${wanted}) AS unit WHERE ${stockHolds.id} = ${id}
    AND ${isHere} AND unit.value NOT IN (SELECT value FROM json_each(${stockHolds.returned})))`
  const returned = sql`(SELECT json_group_array(value) FROM (
    SELECT value FROM json_each(${stockHolds.returned}) UNION SELECT value FROM json_each(${wanted})))`
  const [, , [hold]] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(products)
        .set({ stock: sql`${products.stock} + ${fresh}` })
        .where(sql`${products.id} = ${productIdOf(id, 'sold')}`),
      ctx.db
        .update(stockHolds)
        .set({
          returned,
          state: sql`iif(json_array_length(${returned}) = ${stockHolds.quantity}, 'returned', 'sold')`,
        })
        .where(and(eq(stockHolds.id, id), eq(stockHolds.state, 'sold'))),
      ctx.db.select().from(stockHolds).where(eq(stockHolds.id, id)),
    ]),
  )
  return hold!.state === 'sold' || hold!.state === 'returned'
}
