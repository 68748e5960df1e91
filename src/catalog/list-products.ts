/** Lists products on sale. Members who may edit them also see their organisation's drafts and archive. */
import { and, asc, desc, eq, gt, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import * as z from 'zod'
import { hasPermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { invalid } from '../core/errors.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import { containsWords } from '../core/search.ts'
import type { ListProducts, Product } from './contract.ts'
import { withIsbn13 } from './isbn.ts'
import type { ProductStatus } from './kinds.ts'
import { presentProduct } from './present.ts'
import { productColumns, products } from './schema.ts'

const ORDERS = {
  price: { by: sql<number>`${products.priceAmount}`, isUp: true },
  '-price': { by: sql<number>`${products.priceAmount}`, isUp: false },
  '-createdAt': { by: sql<number>`${products.createdAt}`, isUp: false },
  title: { by: sql<string>`${products.sortedBy}`, isUp: true },
} as const

/** Order, sort key, id. The order comes first, so that a cursor of another order is refused. */
const CursorKey = z.tuple([z.string(), z.union([z.number(), z.string()]), z.string()])

export async function listProducts(ctx: Ctx, query: ListProducts): Promise<PageOf<Product>> {
  const { by, isUp } = ORDERS[query.sort]
  const seesAll =
    query.organisationId !== undefined && (await hasPermission(ctx, query.organisationId, 'catalogue:write'))
  const shown = and(
    seesAll ? undefined : eq(products.status, 'active'),
    query.status === undefined ? undefined : isAnyOf(query.status),
    query.organisationId === undefined ? undefined : eq(products.organisationId, query.organisationId),
  )
  const currency = query.currency ?? (comparesPrices(query) ? await onlyCurrency(ctx, shown) : undefined)
  if (currency === null) return { data: [], nextCursor: null }
  // A list in another order must not use an index of prices: it would sort everything that it finds. SQLite uses no index
  // for a column with a plus sign.
  const price = (column: SQLiteColumn) => (SORTED_BY_PRICE.has(query.sort) ? sql`${column}` : sql`+${column}`)
  const conditions: (SQL | undefined)[] = [
    shown,
    currency === undefined ? undefined : sql`${price(products.priceCurrency)} = ${currency}`,
    query.categoryId === undefined ? undefined : eq(products.categoryId, query.categoryId),
    query.kind === undefined ? undefined : eq(products.kind, query.kind),
    query.minPrice === undefined ? undefined : sql`${price(products.priceAmount)} >= ${query.minPrice}`,
    query.maxPrice === undefined ? undefined : sql`${price(products.priceAmount)} <= ${query.maxPrice}`,
    query.inStock === undefined ? undefined : query.inStock ? gt(products.stock, 0) : eq(products.stock, 0),
    query.q === undefined ? undefined : containsWords(searchedText, withIsbn13(query.q)),
  ]
  const last = readCursor(query.cursor, CursorKey, query.sort)
  if (last !== undefined) {
    conditions.push(sql`(${by}, ${products.id}) ${isUp ? sql`>` : sql`<`} (${last[1]}, ${last[2]})`)
  }
  const direction = isUp ? asc : desc
  const rows = await ctx.db
    .select({ product: productColumns, key: sql<string | number>`${by}` })
    .from(products)
    .where(and(...conditions))
    .orderBy(direction(by), direction(products.id))
    .limit(query.limit + 1)
  return toPage(
    rows,
    query.limit,
    ({ key, product }) => [query.sort, key, product.id],
    ({ product }) => presentProduct(product),
  )
}

/** Several statuses lie apart in the indexes, so that none of them may be used for the order: hence the plus sign. */
const isAnyOf = ([only, ...others]: ProductStatus[]): SQL =>
  others.length === 0
    ? eq(products.status, only!)
    : sql`+${products.status} IN (SELECT value FROM json_each(${JSON.stringify([only, ...others])}))`

const SORTED_BY_PRICE = new Set<ListProducts['sort']>(['price', '-price'])

const comparesPrices = ({ minPrice, maxPrice, sort }: ListProducts): boolean =>
  minPrice !== undefined || maxPrice !== undefined || SORTED_BY_PRICE.has(sort)

/**
 * The one currency of the products that are shown; null if there are none. Race: a product with another currency may be
 * added after this read. The list then leaves it out, because it filters by the currency that was found.
 */
async function onlyCurrency(ctx: Ctx, shown: SQL | undefined): Promise<string | null> {
  const endOf = (direction: typeof asc | typeof desc) =>
    ctx.db
      .select({ currency: products.priceCurrency })
      .from(products)
      .where(shown)
      .orderBy(direction(products.priceCurrency))
      .limit(1)
  const [[first], [last]] = await ctx.db.batch([endOf(asc), endOf(desc)])
  if (first === undefined || last === undefined) return null
  if (first.currency === last.currency) return first.currency
  throw invalid(
    'currency',
    `is required to filter or sort by price: there are prices in several currencies, such as ${first.currency} and ${last.currency}`,
  )
}

/** A product that is not folded yet is found by words in plain letters. */
const searchedText = sql`coalesce(${products.folded},
  lower(${products.title} || ' ' || ${products.details} || ' ' || ${products.tags}))`
