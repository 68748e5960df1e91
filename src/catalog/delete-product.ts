/** Deletes a product that was never ordered or set aside as a prize; another one is archived, as orders and raffles tell of it. */
import { eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { findProductFor } from './find-product.ts'
import { products, stockHolds } from './schema.ts'

export async function deleteProduct(ctx: Ctx, id: string): Promise<void> {
  await findProductFor(ctx, id)
  const isTaken = sql`EXISTS (SELECT 1 FROM ${stockHolds} WHERE ${stockHolds.productId} = ${id})`
  await withRetry(() =>
    ctx.db.batch([
      ctx.db.delete(products).where(sql`${products.id} = ${id} AND NOT ${isTaken}`),
      ctx.db.update(products).set({ status: 'archived', updatedAt: ctx.now }).where(eq(products.id, id)),
    ]),
  )
}
