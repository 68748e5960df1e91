/** Tables of the catalogue: categories, products, and holds of a product's stock. Times are milliseconds. */
import { getTableColumns, sql } from 'drizzle-orm'
import { check, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { Details } from './contract.ts'
import { PRODUCT_KINDS, PRODUCT_STATUSES } from './kinds.ts'

export const categories = sqliteTable(
  'categories',
  {
    id: text().primaryKey(),
    organisationId: text().notNull(),
    name: text().notNull(),
    slug: text().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** The folded name; null until the sweep has folded it. See `core/folded.ts`. */
    folded: text(),
    /** What a list is sorted by; for queries only. */
    sortedBy: text().generatedAlwaysAs(sql.raw('coalesce(folded, lower(name))'), { mode: 'virtual' }),
  },
  (table) => [
    uniqueIndex('categories_slug').on(table.organisationId, table.slug),
    index('categories_sorted').on(table.sortedBy, table.id),
    index('categories_unfolded').on(table.id).where(sql`folded IS NULL`),
  ],
)
export type CategoryRow = Omit<typeof categories.$inferSelect, 'folded' | 'sortedBy'>

const { folded: _folded, sortedBy: _sortedBy, ...shownCategory } = getTableColumns(categories)
/** The columns of a `CategoryRow`. */
export const categoryColumns = shownCategory

/** Products are sorted by their first letters only, because a cursor has no room for a long title. */
const SORTED_LETTERS = 60

export const products = sqliteTable(
  'products',
  {
    id: text().primaryKey(),
    organisationId: text().notNull(),
    categoryId: text(),
    kind: text({ enum: PRODUCT_KINDS }).notNull(),
    status: text({ enum: PRODUCT_STATUSES }).notNull(),
    title: text().notNull(),
    /** Not used since `sortedBy`. */
    sortedTitle: text().generatedAlwaysAs(sql.raw(`lower(substr(title, 1, ${SORTED_LETTERS}))`), {
      mode: 'virtual',
    }),
    description: text().notNull(),
    /** The fields of the product's kind. */
    details: text({ mode: 'json' }).$type<Details>().notNull(),
    priceAmount: integer().notNull(),
    priceCurrency: text().notNull(),
    /** Units that can be bought; held and sold units are not included. */
    stock: integer().notNull(),
    images: text({ mode: 'json' }).$type<string[]>().notNull(),
    tags: text({ mode: 'json' }).$type<string[]>().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** What a search looks through, by `folded-product.ts`; null until the sweep has folded it. See `core/folded.ts`. */
    folded: text(),
    /** What a list by title is sorted by; for queries only. */
    sortedBy: text().generatedAlwaysAs(
      sql.raw(`substr(coalesce(folded, lower(title)), 1, ${SORTED_LETTERS})`),
      {
        mode: 'virtual',
      },
    ),
  },
  (table) => [
    check('products_status', sql`status IN ('draft', 'active', 'archived')`),
    check('products_stock', sql`stock >= 0`),
    check('products_price', sql`price_amount > 0`),
    index('products_organisation').on(table.organisationId, table.id),
    index('products_category').on(table.categoryId),
    index('products_created').on(table.status, table.createdAt, table.id),
    index('products_organisation_created').on(table.organisationId, table.status, table.createdAt, table.id),
    index('products_sorted').on(table.status, table.sortedBy, table.id),
    index('products_organisation_sorted').on(table.organisationId, table.status, table.sortedBy, table.id),
    index('products_unfolded').on(table.id).where(sql`folded IS NULL`),
    index('products_price_order').on(table.status, table.priceCurrency, table.priceAmount, table.id),
    index('products_organisation_price').on(
      table.organisationId,
      table.status,
      table.priceCurrency,
      table.priceAmount,
      table.id,
    ),
  ],
)
type ForQueries = 'sortedTitle' | 'folded' | 'sortedBy'
export type ProductRow = Omit<typeof products.$inferSelect, ForQueries>

const { sortedTitle, folded, sortedBy, ...columns } = getTableColumns(products)
/** The columns of a `ProductRow`. */
export const productColumns = columns

/**
 * `held` → `sold` → `returned`, or `held` → `released`. A late payment turns `released` into `sold` if there is stock,
 * else into `lost`. Only the units of `held` and `sold` are out of the stock.
 */
const HOLD_STATES = ['held', 'sold', 'released', 'returned', 'lost'] as const

/** The steps of a delivery, in order; a sold hold only moves forward. */
export const FULFILMENT_STATUSES = ['none', 'packed', 'shipped', 'delivered'] as const
export type FulfilmentStatus = (typeof FULFILMENT_STATUSES)[number]

export const stockHolds = sqliteTable(
  'stock_holds',
  {
    id: text().primaryKey(),
    /**
     * The owner: a buyer, or the raffle that gives the units away (see `set-aside.ts`). Owner, key and product are unique,
     * so that a repeat under the same key holds once.
     */
    userId: text().notNull(),
    key: text().notNull(),
    productId: text().notNull(),
    /** Fingerprint of the request under the key. */
    request: text().notNull(),
    /** The product's data at the time of the hold. */
    organisationId: text().notNull(),
    title: text().notNull(),
    unitAmount: integer().notNull(),
    currency: text().notNull(),
    quantity: integer().notNull(),
    state: text({ enum: HOLD_STATES }).notNull(),
    heldUntil: integer().notNull(),
    /** The returned units, numbered from 1. */
    returned: text({ mode: 'json' }).$type<number[]>().notNull(),
    fulfilment: text({ enum: FULFILMENT_STATUSES }).notNull(),
    /** The tracking reference of the parcel. */
    reference: text(),
    createdAt: integer().notNull(),
    /** Whether the buyer's address was proved. */
    isProved: integer({ mode: 'boolean' }).notNull().default(true),
    /** When the hold was released because the buyer did not pay. Null: not released, or for another reason. */
    unpaidAt: integer(),
  },
  (table) => [
    check('stock_holds_state', sql`state IN ('held', 'sold', 'released', 'returned', 'lost')`),
    check('stock_holds_fulfilment', sql`fulfilment IN ('none', 'packed', 'shipped', 'delivered')`),
    check('stock_holds_quantity', sql`quantity > 0`),
    uniqueIndex('stock_holds_key').on(table.userId, table.key, table.productId),
    index('stock_holds_product').on(table.productId),
    index('stock_holds_until').on(table.heldUntil).where(sql`state = 'held'`),
    index('stock_holds_held').on(table.productId).where(sql`state = 'held'`),
  ],
)
export type StockHoldRow = typeof stockHolds.$inferSelect
