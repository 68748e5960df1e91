/**
 * What becomes of held stock. Each is one batch whose statements ask for the state that they leave, so that it happens
 * once however often it is asked for, and what is in stock always is what is neither held nor sold.
 */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { products, type StockHoldRow, stockHolds } from './schema.ts'

/** Of the product that a hold is of, while the hold is in a state. */
const heldOf = (id: string, state: StockHoldRow['state']) => sql`(
  SELECT ${stockHolds.productId} FROM ${stockHolds} WHERE ${stockHolds.id} = ${id} AND ${stockHolds.state} = ${state})`
const quantityOf = (id: string) =>
  sql`(SELECT ${stockHolds.quantity} FROM ${stockHolds} WHERE ${stockHolds.id} = ${id})`

/** It is paid. What was let go meanwhile is taken again if there is enough, and `lost` for good if there is not. */
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
        .where(sql`${products.id} = ${heldOf(id, 'released')}`),
      ctx.db
        .update(stockHolds)
        .set({ state: 'sold' })
        .where(and(eq(stockHolds.id, id), inArray(stockHolds.state, ['held', 'released']))),
      ctx.db.select().from(stockHolds).where(eq(stockHolds.id, id)),
    ]),
  )
  return hold!.state === 'lost' ? 'lost' : 'sold'
}

/** Nobody will pay for it. What is not held any more stays as it is. */
export async function releaseStock(ctx: Ctx, id: string): Promise<void> {
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(products)
        .set({ stock: sql`${products.stock} + ${quantityOf(id)}` })
        .where(sql`${products.id} = ${heldOf(id, 'held')}`),
      ctx.db
        .update(stockHolds)
        .set({ state: 'released' })
        .where(and(eq(stockHolds.id, id), eq(stockHolds.state, 'held'))),
    ]),
  )
}

/** Units that were sold and not taken back, numbered from 1. */
export async function unitsOf(ctx: Ctx, id: string): Promise<number[]> {
  const hold = await ctx.db.select().from(stockHolds).where(eq(stockHolds.id, id)).get()
  if (hold?.state !== 'sold') return []
  const units = Array.from({ length: hold.quantity }, (_, at) => at + 1)
  return units.filter((unit) => !hold.returned.includes(unit))
}

/** Takes units back; they are for sale again unless they have left the house. False of what was never sold. */
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
        .where(sql`${products.id} = ${heldOf(id, 'sold')}`),
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
