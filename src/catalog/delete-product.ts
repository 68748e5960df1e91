/**
 * Deletes a product that was never ordered or set aside as a prize. Any other product is archived, because orders and
 * raffles refer to it. A product that an unpublished raffle would give away is refused.
 */

import { sql } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { findProductFor } from './find-product.ts'
import { products, stockHolds } from './schema.ts'
import { isUsed, requireUnused, type UsersOf } from './still-used.ts'

export async function deleteProduct(ctx: Ctx, usersOf: UsersOf, id: string): Promise<void> {
  const product = await findProductFor(ctx, id)
  const users = usersOf(ctx, product)
  const whose = { subject: { kind: 'product', id }, organisationId: product.organisationId } as const
  const isTaken = sql`EXISTS (SELECT 1 FROM ${stockHolds} WHERE ${stockHolds.productId} = ${id})`
  const isFree = sql`${products.id} = ${id} AND NOT ${isUsed(users)}`
  const [deleted, , , archived] = await withRetry(() =>
    ctx.db.batch([
      ctx.db.delete(products).where(sql`${isFree} AND NOT ${isTaken}`).returning({ id: products.id }),
      insertAudit(ctx, { ...whose, action: 'product.deleted' }),
      // Ahead of the change, which also archives what is archived already.
      insertAudit(
        ctx,
        { ...whose, action: 'product.archived' },
        sql`EXISTS (SELECT 1 FROM ${products} WHERE ${isFree} AND ${products.status} <> 'archived')`,
      ),
      ctx.db
        .update(products)
        .set({ status: 'archived', updatedAt: ctx.now })
        .where(isFree)
        .returning({ id: products.id }),
    ]),
  )
  // No row changed: the product is in use, or another request deleted it first. Only the first is an error.
  if (deleted.length + archived.length === 0) {
    await requireUnused(ctx, users, 'Choose another prize there first, or archive this product.')
  }
}
