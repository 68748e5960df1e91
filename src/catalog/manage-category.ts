/** Categories of one organisation's products and raffles: public to read; members manage them. */
import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import { organisationFor, requirePermission } from '../accounts/permissions.ts'
import { type AuditEntry, fieldsOf, insertAudit } from '../audit/insert-audit.ts'
import type { AuditAction } from '../audit/schema.ts'
import type { Ctx } from '../core/context.ts'
import { isUniqueViolation } from '../core/database.ts'
import { invalid, notFound, Problem } from '../core/errors.ts'
import { fold } from '../core/fold.ts'
import { newId } from '../core/ids.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import { containsWords } from '../core/search.ts'
import { isSlug, slugsFor } from '../core/slug.ts'
import type { Category, CreateCategory, ListCategories, UpdateCategory } from './contract.ts'
import { findCategory, findCategoryFor } from './find-product.ts'
import { presentCategory } from './present.ts'
import { type CategoryRow, categories, categoryColumns, products } from './schema.ts'
import { isUsed, requireUnused, type UsersOf } from './still-used.ts'

const CursorKey = z.tuple([z.string(), z.string()])

/** Lists categories, sorted by name. */
export async function listCategories(ctx: Ctx, query: ListCategories): Promise<PageOf<Category>> {
  const last = readCursor(query.cursor, CursorKey)
  const { sortedBy } = categories
  const conditions: (SQL | undefined)[] = [
    query.organisationId === undefined ? undefined : eq(categories.organisationId, query.organisationId),
    query.q === undefined ? undefined : containsWords(sql`${sortedBy}`, query.q),
    last === undefined ? undefined : sql`(${sortedBy}, ${categories.id}) > (${last[0]}, ${last[1]})`,
  ]
  const rows = await ctx.db
    .select({ category: categoryColumns, sortedBy: sql<string>`${sortedBy}` })
    .from(categories)
    .where(and(...conditions))
    .orderBy(asc(sortedBy), asc(categories.id))
    .limit(query.limit + 1)
  return toPage(
    rows,
    query.limit,
    ({ category, ...row }) => [row.sortedBy, category.id],
    ({ category }) => presentCategory(category),
  )
}

/** Reads a category by its id, or by its slug in the organisation. */
export async function readCategoryBy(
  ctx: Ctx,
  idOrSlug: string,
  organisationId: string | undefined,
): Promise<Category> {
  if (isSlug(idOrSlug) && organisationId === undefined) {
    throw invalid('organisationId', 'is required with a slug, which is unique only in its organisation')
  }
  const category = await ctx.db
    .select(categoryColumns)
    .from(categories)
    .where(
      and(
        eq(isSlug(idOrSlug) ? categories.slug : categories.id, idOrSlug),
        organisationId === undefined ? undefined : eq(categories.organisationId, organisationId),
      ),
    )
    .get()
  if (category === undefined) throw notFound('category')
  return presentCategory(category)
}

export async function createCategory(ctx: Ctx, input: CreateCategory): Promise<Category> {
  const organisationId = await organisationFor(ctx, input.organisationId)
  await requirePermission(ctx, organisationId, 'catalogue:write')
  const id = newId('category')
  const slugs = input.slug === undefined ? await slugsFor(input.name, 'category', id) : [input.slug]
  // The unique index decides between two that are created at once: the second takes its next slug.
  for (const slug of slugs) {
    const category = { id, organisationId, name: input.name, slug, createdAt: ctx.now, updatedAt: ctx.now }
    const isWritten = await unlessTaken(() =>
      ctx.db.batch([
        ctx.db.insert(categories).values({ ...category, folded: fold(category.name) }),
        insertAudit(ctx, entryOf(category, 'category.created')),
      ]),
    )
    if (isWritten) return presentCategory(category)
  }
  throw slugTaken(slugs.at(-1)!)
}

export async function updateCategory(ctx: Ctx, id: string, change: UpdateCategory): Promise<Category> {
  const category = await findCategoryFor(ctx, id)
  const isWritten = await unlessTaken(() =>
    ctx.db.batch([
      ctx.db
        .update(categories)
        .set({
          ...change,
          ...(change.name === undefined ? {} : { folded: fold(change.name) }),
          updatedAt: ctx.now,
        })
        .where(eq(categories.id, id)),
      insertAudit(ctx, { ...entryOf(category, 'category.updated'), fields: fieldsOf(change) }),
    ]),
  )
  if (!isWritten) throw slugTaken(change.slug ?? category.slug)
  return presentCategory(await findCategory(ctx, id))
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

/** Whether `write` was done: not if another category of the organisation has the slug. */
async function unlessTaken(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write()
    return true
  } catch (error) {
    if (!isUniqueViolation(error, 'categories.slug')) throw error
    return false
  }
}

const slugTaken = (slug: string): Problem =>
  new Problem('conflict', `Another category of this organisation has the slug ${slug}.`)
