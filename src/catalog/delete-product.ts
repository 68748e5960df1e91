/**
 * Deletes a product that was never ordered or set aside as a prize; another one is archived, as orders and raffles tell of
 * it. Neither, while a raffle that is still to be published would give it away.
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
  // It may also be gone by now, if another request was quicker.
  if (deleted.length + archived.length === 0) {
    await requireUnused(ctx, users, 'Give something else away there first, or archive this product.')
  }
}
