/** Updates a product. Existing orders keep their title and price. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { requireApproval } from '../accounts/priced-sales.ts'
import { fieldsOf, insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { Problem, validationFailed } from '../core/errors.ts'
import { fieldErrors } from '../core/validation.ts'
import { DETAILS_OF, type Details, type Product, type UpdateProduct } from './contract.ts'
import { findProductFor, readProduct, requireOwnCategory } from './find-product.ts'
import { foldedProduct } from './folded-product.ts'
import type { ProductKind } from './kinds.ts'
import { type ProductRow, products } from './schema.ts'
import { requireSellable } from './sellable.ts'

export async function updateProduct(ctx: Ctx, id: string, input: UpdateProduct): Promise<Product> {
  const product = await findProductFor(ctx, id)
  const { price, stockWas, details, ...fields } = input
  await requireOwnCategory(ctx, fields.categoryId, product.organisationId)
  const isActive = (fields.status ?? product.status) === 'active'
  const sellsMore =
    product.status !== 'active' ||
    price !== undefined ||
    fields.title !== undefined ||
    (fields.stock ?? 0) > product.stock
  if (isActive && sellsMore) {
    await requireApproval(ctx, product.organisationId)
    await requireSellable(
      ctx,
      product.organisationId,
      price ?? { amount: product.priceAmount, currency: product.priceCurrency },
      price !== undefined || product.status !== 'active',
    )
  }
  const newDetails = details === undefined ? {} : { details: detailsOf(product.kind, details) }
  const update = ctx.db
    .update(products)
    .set({
      ...fields,
      ...(price === undefined ? {} : { priceAmount: price.amount, priceCurrency: price.currency }),
      ...newDetails,
      ...foldedChange(product, { ...fields, ...newDetails }),
      updatedAt: ctx.now,
    })
    .where(and(eq(products.id, id), stockWas === undefined ? undefined : eq(products.stock, stockWas)))
    .returning({ id: products.id })
  const [changed] = await ctx.db.batch([
    update,
    insertAudit(ctx, {
      action: 'product.updated',
      subject: { kind: 'product', id },
      organisationId: product.organisationId,
      fields: fieldsOf({ ...fields, price, details }),
    }),
  ])
  if (changed.length === 0) {
    throw new Problem('conflict', 'The stock has changed since you read it. Read the product again.')
  }
  return readProduct(ctx, id)
}

/**
 * Race: another request may have changed another part of the text since it was read. Then the text is folded by the sweep,
 * which reads all of it.
 */
function foldedChange(read: ProductRow, change: Partial<ProductRow>): { folded?: SQL } {
  if (change.title === undefined && change.details === undefined && change.tags === undefined) return {}
  const text = foldedProduct({ ...read, ...change })
  const isAsRead = and(
    eq(products.title, read.title),
    eq(products.details, read.details),
    eq(products.tags, read.tags),
  )
  return { folded: sql`CASE WHEN ${isAsRead} THEN ${text} END` }
}

function detailsOf(kind: ProductKind, details: Details): Details {
  const parsed = DETAILS_OF[kind].safeParse(details)
  if (parsed.success) return parsed.data
  throw validationFailed(
    fieldErrors(parsed.error).map(({ path, message }) => ({
      path: path === '' ? 'details' : `details.${path}`,
      message,
    })),
  )
}
