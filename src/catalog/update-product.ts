/** Updates a product. Existing orders keep their title and price. */
import { and, eq } from 'drizzle-orm'
import { requirePricedSales } from '../accounts/priced-sales.ts'
import { fieldsOf, insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { Problem, validationFailed } from '../core/errors.ts'
import { fieldErrors } from '../core/validation.ts'
import { DETAILS_OF, type Details, type Product, type UpdateProduct } from './contract.ts'
import { findProductFor, readProduct, requireOwnCategory } from './find-product.ts'
import type { ProductKind } from './kinds.ts'
import { products } from './schema.ts'

export async function updateProduct(ctx: Ctx, id: string, input: UpdateProduct): Promise<Product> {
  const product = await findProductFor(ctx, id)
  const { price, stockWas, details, ...fields } = input
  await requireOwnCategory(ctx, fields.categoryId, product.organisationId)
  if (fields.status === 'active' && product.status !== 'active')
    await requirePricedSales(ctx, product.organisationId)
  const update = ctx.db
    .update(products)
    .set({
      ...fields,
      ...(price === undefined ? {} : { priceAmount: price.amount, priceCurrency: price.currency }),
      ...(details === undefined ? {} : { details: detailsOf(product.kind, details) }),
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
