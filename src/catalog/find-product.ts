/** Finds products and categories: for the public, or for members who may change them. */
import { eq } from 'drizzle-orm'
import { hasPermission, requirePermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import type { Product } from './contract.ts'
import { presentProduct } from './present.ts'
import {
  type CategoryRow,
  categories,
  categoryColumns,
  type ProductRow,
  productColumns,
  products,
} from './schema.ts'

const findProduct = async (ctx: Ctx, id: string): Promise<ProductRow> => {
  const product = await ctx.db.select(productColumns).from(products).where(eq(products.id, id)).get()
  if (product === undefined) throw notFound('product')
  return product
}

/** Only members of its organisation can read a draft; everyone else gets 404. */
export async function readProduct(ctx: Ctx, id: string): Promise<Product> {
  const product = await findProduct(ctx, id)
  const isSeen =
    product.status !== 'draft' || (await hasPermission(ctx, product.organisationId, 'catalogue:write'))
  if (!isSeen) throw notFound('product')
  return presentProduct(product)
}

export async function findProductFor(ctx: Ctx, id: string): Promise<ProductRow> {
  const product = await findProduct(ctx, id)
  await requirePermission(ctx, product.organisationId, 'catalogue:write', 'product')
  return product
}

export async function findCategory(ctx: Ctx, id: string): Promise<CategoryRow> {
  const category = await ctx.db.select(categoryColumns).from(categories).where(eq(categories.id, id)).get()
  if (category === undefined) throw notFound('category')
  return category
}

export async function findCategoryFor(ctx: Ctx, id: string): Promise<CategoryRow> {
  const category = await findCategory(ctx, id)
  await requirePermission(ctx, category.organisationId, 'catalogue:write', 'category')
  return category
}

/** Throws 404 unless the category belongs to the organisation. Null and undefined pass. */
export async function requireOwnCategory(
  ctx: Ctx,
  id: string | null | undefined,
  organisationId: string,
): Promise<void> {
  if (id === null || id === undefined) return
  const category = await ctx.db.select(categoryColumns).from(categories).where(eq(categories.id, id)).get()
  if (category?.organisationId !== organisationId) throw notFound('category')
}
