/** Takes units of a product out of its stock for one who is about to pay: once for a key, and only where they are there. */
import { and, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound, Problem } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { products, type StockHoldRow, stockHolds } from './schema.ts'

export interface StockToHold {
  productId: string
  quantity: number
  userId: string
  /** The same key holds the same again. */
  key: string
  /** Fingerprint of the whole request: another one under the same key is a mismatch. */
  request: string
  holdMs: number
}

export async function holdStock(
  ctx: Ctx,
  wanted: StockToHold,
): Promise<{ hold: StockHoldRow; repeated: boolean }> {
  const { productId, quantity, userId, key, request, holdMs } = wanted
  const mine = new Set<string>()
  const [, , [hold], [product]] = await withRetry(() => {
    // An id of its own each run, so that a repeat whose first run was written takes nothing more.
    const id = newId('stockHold')
    mine.add(id)
    return ctx.db.batch([
      ctx.db
        .insert(stockHolds)
        .select(sql`
          SELECT ${id}, ${userId}, ${key}, ${productId}, ${request}, ${products.organisationId},
                 ${products.title}, ${products.priceAmount}, ${products.priceCurrency}, ${quantity}, 'held',
                 ${ctx.now + holdMs}, '[]', 'none', NULL, ${ctx.now}
          FROM ${products}
          WHERE ${products.id} = ${productId} AND ${products.status} = 'active'
            AND ${products.stock} >= ${quantity}`)
        .onConflictDoNothing(),
      ctx.db
        .update(products)
        .set({ stock: sql`${products.stock} - ${quantity}` })
        .where(
          and(
            eq(products.id, productId),
            sql`EXISTS (SELECT 1 FROM ${stockHolds} WHERE ${stockHolds.id} = ${id})`,
          ),
        ),
      ctx.db
        .select()
        .from(stockHolds)
        .where(
          and(eq(stockHolds.userId, userId), eq(stockHolds.key, key), eq(stockHolds.productId, productId)),
        ),
      ctx.db.select().from(products).where(eq(products.id, productId)),
    ])
  })
  if (hold === undefined) {
    if (product === undefined || product.status !== 'active') throw notFound('product')
    const left = product.stock === 0 ? 'is sold out' : `has only ${product.stock} left`
    throw new Problem('sold_out', `“${product.title}” ${left}.`)
  }
  if (hold.request !== request) {
    throw new Problem('idempotency_mismatch', 'This Idempotency-Key was used for another order.')
  }
  return { hold, repeated: !mine.has(hold.id) }
}
