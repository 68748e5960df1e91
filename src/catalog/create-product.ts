/** Creates a product, as a draft unless `status` says otherwise. */
import { organisationFor, requirePermission } from '../accounts/permissions.ts'
import { requireApproval } from '../accounts/priced-sales.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { newId } from '../core/ids.ts'
import type { CreateProduct, Product } from './contract.ts'
import { requireOwnCategory } from './find-product.ts'
import { foldedProduct } from './folded-product.ts'
import { presentProduct } from './present.ts'
import { type ProductRow, products } from './schema.ts'
import { requireSellable } from './sellable.ts'

export async function createProduct(ctx: Ctx, input: CreateProduct): Promise<Product> {
  const organisationId = await organisationFor(ctx, input.organisationId)
  await requirePermission(ctx, organisationId, 'catalogue:write')
  await requireOwnCategory(ctx, input.categoryId, organisationId)
  const { price, ...fields } = input
  if (input.status === 'active') {
    await requireApproval(ctx, organisationId)
    await requireSellable(ctx, organisationId, price, true)
  }
  const product: ProductRow = {
    ...fields,
    id: newId('product'),
    organisationId,
    priceAmount: price.amount,
    priceCurrency: price.currency,
    createdAt: ctx.now,
    updatedAt: ctx.now,
  }
  await ctx.db.batch([
    ctx.db.insert(products).values({ ...product, folded: foldedProduct(product) }),
    insertAudit(ctx, {
      action: 'product.created',
      subject: { kind: 'product', id: product.id },
      organisationId,
    }),
  ])
  return presentProduct(product)
}
