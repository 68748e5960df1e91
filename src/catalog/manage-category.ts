/** Categories of one organisation's products and raffles: public to read; members manage them. */
import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import { organisationFor, requirePermission } from '../accounts/permissions.ts'
import { type AuditEntry, fieldsOf, insertAudit } from '../audit/insert-audit.ts'
import type { AuditAction } from '../audit/schema.ts'
import type { Ctx } from '../core/context.ts'
import { isUniqueViolation } from '../core/database.ts'
import { invalid, Problem } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import { toSlug } from '../core/slug.ts'
import type { Category, CreateCategory, ListCategories, UpdateCategory } from './contract.ts'
import { findCategory, findCategoryFor } from './find-product.ts'
import { presentCategory } from './present.ts'
import { type CategoryRow, categories, products } from './schema.ts'
import { isUsed, requireUnused, type UsersOf } from './still-used.ts'

const CursorKey = z.tuple([z.string(), z.string()])

/** Lists categories, sorted by name. */
export async function listCategories(ctx: Ctx, query: ListCategories): Promise<PageOf<Category>> {
  const last = readCursor(query.cursor, CursorKey)
  const conditions: (SQL | undefined)[] = [
    query.organisationId === undefined ? undefined : eq(categories.organisationId, query.organisationId),
    last === undefined ? undefined : sql`(${categories.name}, ${categories.id}) > (${last[0]}, ${last[1]})`,
  ]
  const rows = await ctx.db
    .select()
    .from(categories)
    .where(and(...conditions))
    .orderBy(asc(categories.name), asc(categories.id))
    .limit(query.limit + 1)
  return toPage(rows, query.limit, ({ name, id }) => [name, id], presentCategory)
}

export const readCategory = async (ctx: Ctx, id: string): Promise<Category> =>
  presentCategory(await findCategory(ctx, id))

export async function createCategory(ctx: Ctx, input: CreateCategory): Promise<Category> {
  const organisationId = await organisationFor(ctx, input.organisationId)
  await requirePermission(ctx, organisationId, 'catalogue:write')
  const slug = input.slug ?? toSlug(input.name)
  if (slug === '') throw invalid('slug', 'is required, because the name has no Latin letters or digits')
  const category: CategoryRow = {
    id: newId('category'),
    organisationId,
    name: input.name,
    slug,
    createdAt: ctx.now,
    updatedAt: ctx.now,
  }
  await orTaken(slug, async () => {
    await ctx.db.batch([
      ctx.db.insert(categories).values(category),
      insertAudit(ctx, entryOf(category, 'category.created')),
    ])
  })
  return presentCategory(category)
}

export async function updateCategory(ctx: Ctx, id: string, change: UpdateCategory): Promise<Category> {
  const category = await findCategoryFor(ctx, id)
  await orTaken(change.slug ?? category.slug, async () => {
    await ctx.db.batch([
      ctx.db
        .update(categories)
        .set({ ...change, updatedAt: ctx.now })
        .where(eq(categories.id, id)),
      insertAudit(ctx, { ...entryOf(category, 'category.updated'), fields: fieldsOf(change) }),
    ])
  })
  return readCategory(ctx, id)
}

/** Deletes a category only if no product, raffle, series or template uses it. */
export async function deleteCategory(ctx: Ctx, usersOf: UsersOf, id: string): Promise<void> {
  const category = await findCategoryFor(ctx, id)
  const users = sql`${productsOf(category)} UNION ALL ${usersOf(ctx, category)}`
  const [deleted] = await ctx.db.batch([
    ctx.db
      .delete(categories)
      .where(and(eq(categories.id, id), sql`NOT ${isUsed(users)}`))
      .returning({ id: categories.id }),
    insertAudit(ctx, entryOf(category, 'category.deleted')),
  ])
  // No row changed: the category is in use, or another request deleted it first. Only the first is an error.
  if (deleted.length === 0) await requireUnused(ctx, users, 'Move them to another category first.')
}

const entryOf = ({ id, organisationId }: CategoryRow, action: AuditAction): AuditEntry => ({
  action,
  subject: { kind: 'category', id },
  organisationId,
})

const productsOf = ({ id }: CategoryRow): SQL => sql`
  SELECT 'the product “' || ${products.title} || '”' AS name FROM ${products} WHERE ${products.categoryId} = ${id}`

/** Throws `conflict` if `write` fails because another category of the organisation has the slug. */
async function orTaken(slug: string, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (!isUniqueViolation(error, 'categories.slug')) throw error
    throw new Problem('conflict', `Another category of this organisation has the slug ${slug}.`)
  }
}
