/**
 * Sets stock aside as prizes: all items or none. Such a hold is `sold` from the start, and its owner is the raffle that
 * gives it away. Units that are not given away go back into stock, each once.
 */
import { eq, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { newId } from '../core/ids.ts'
import { products, type StockHoldRow, stockHolds } from './schema.ts'

export interface ItemToSetAside {
  /** Identifies the item among the owner's items. */
  key: string
  productId: string
  quantity: number
}

/** Statements that set all items aside, if all are in stock, `owner` has none yet, and `guard` is true. */
export function setAside(
  ctx: Ctx,
  owner: string,
  { organisationId, items, guard }: { organisationId: string; items: ItemToSetAside[]; guard: SQL },
) {
  // Each try has its own ids. If the first try was written, the second inserts no row, so it takes no stock.
  const wanted = JSON.stringify(items.map((item) => ({ ...item, id: newId('stockHold') })))
  const isShort = sql`EXISTS (
    SELECT 1 FROM (SELECT value->>'productId' AS id, sum(value->>'quantity') AS quantity
                   FROM json_each(${wanted}) GROUP BY 1) AS want
    LEFT JOIN ${products} AS had ON had.id = want.id AND had.organisation_id = ${organisationId}
      AND had.status <> 'archived'
    WHERE had.id IS NULL OR had.stock < want.quantity)`
  const mine = sql`${stockHolds.id} IN (SELECT value->>'id' FROM json_each(${wanted}))`
  return [
    ctx.db.insert(stockHolds).select(sql`
      SELECT value->>'id', ${owner}, value->>'key', ${products.id}, '', ${products.organisationId},
             ${products.title}, ${products.priceAmount}, ${products.priceCurrency}, value->>'quantity', 'sold',
             ${ctx.now}, '[]', 'none', NULL, ${ctx.now}, 1, NULL
      FROM json_each(${wanted}) JOIN ${products} ON ${products.id} = value->>'productId'
      WHERE ${guard} AND NOT ${isShort} AND NOT ${hasSetAside(owner)}`),
    ctx.db
      .update(products)
      .set({
        stock: sql`${products.stock} - (SELECT sum(${stockHolds.quantity}) FROM ${stockHolds}
          WHERE ${stockHolds.productId} = ${products.id} AND ${mine})`,
      })
      .where(sql`${products.id} IN (SELECT ${stockHolds.productId} FROM ${stockHolds} WHERE ${mine})`),
  ] as const
}

/** Whether `owner` ever set anything aside. */
export const hasSetAside = (owner: string): SQL =>
  sql`EXISTS (SELECT 1 FROM ${stockHolds} WHERE ${stockHolds.userId} = ${owner})`

export const readSetAside = (ctx: Ctx, owner: string) =>
  ctx.db.select().from(stockHolds).where(eq(stockHolds.userId, owner))

/** Statements that undo `setAside`, if `guard` is true. Use them only before any unit could be given away. */
export const undoSetAside = (ctx: Ctx, owner: string, guard: SQL) =>
  [
    ctx.db
      .update(products)
      .set({
        stock: sql`${products.stock} + (SELECT sum(${stockHolds.quantity}) FROM ${stockHolds}
          WHERE ${stockHolds.productId} = ${products.id} AND ${stockHolds.userId} = ${owner})`,
      })
      .where(sql`${guard} AND ${products.id} IN (
        SELECT ${stockHolds.productId} FROM ${stockHolds} WHERE ${stockHolds.userId} = ${owner})`),
    ctx.db.delete(stockHolds).where(sql`${guard} AND ${stockHolds.userId} = ${owner}`),
  ] as const

/** One unit of the item `key`, numbered from 1. */
export interface UnitSetAside {
  key: string
  unit: number
}

export const unitsOfHold = ({ key, quantity }: Pick<StockHoldRow, 'key' | 'quantity'>): UnitSetAside[] =>
  Array.from({ length: quantity }, (_, at) => ({ key, unit: at + 1 }))

/** Statements that put these units back into stock, if `guard` is true. Idempotent: a returned unit is not added again. */
export function putBack(ctx: Ctx, owner: string, units: UnitSetAside[], guard: SQL) {
  const given = JSON.stringify(units)
  const isMine = sql`${stockHolds.userId} = ${owner} AND ${stockHolds.state} = 'sold'`
  const isReturned = sql`SELECT value FROM json_each(${stockHolds.returned})`
  const returned = sql`(SELECT json_group_array(value) FROM (${isReturned}
    UNION SELECT value->>'unit' FROM json_each(${given}) WHERE value->>'key' = ${stockHolds.key}))`
  return [
    ctx.db
      .update(products)
      .set({
        stock: sql`${products.stock} + (
          SELECT count(*) FROM ${stockHolds} JOIN json_each(${given}) AS given ON given.value->>'key' = ${stockHolds.key}
          WHERE ${isMine} AND ${stockHolds.productId} = ${products.id}
            AND given.value->>'unit' NOT IN (${isReturned}))`,
      })
      .where(
        sql`${guard} AND ${products.id} IN (SELECT ${stockHolds.productId} FROM ${stockHolds} WHERE ${isMine})`,
      ),
    ctx.db
      .update(stockHolds)
      .set({
        returned,
        state: sql`iif(json_array_length(${returned}) = ${stockHolds.quantity}, 'returned', 'sold')`,
      })
      .where(sql`${guard} AND ${isMine}`),
  ] as const
}
