/**
 * The limits on unpaid units in SQL, so that a hold is guarded by the same statement that inserts it. The rule and its
 * messages are in `core/unpaid-limits.ts`; `test/catalog/unpaid-stock.test.ts` checks that both allow the same.
 */
import { eq, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import {
  FIRST_PAUSE_MS,
  LONGEST_PAUSE_MS,
  MAX_UNPAID_UNITS,
  MAX_UNPROVED_UNITS,
  MIN_UNPAID_SHARE,
  UNPAID_ENDS_ALLOWED,
  UNPAID_PART,
  UNPAID_WINDOW_MS,
  UNPROVED_PART,
  type UnpaidUnits,
  whyUnpaidRefused,
} from '../core/unpaid-limits.ts'
import { products, stockHolds } from './schema.ts'

/** How many unpaid orders with products one person may have. */
export const MAX_UNPAID_ORDERS = 3

export interface Wanted {
  productId: string
  quantity: number
  userId: string
  isProved: boolean
  key: string
}

/** A buyer's unpaid holds, and how much of the product is held. */
export interface UnpaidStock {
  /** Unpaid orders under other keys. */
  orders: number
  /** The units that are not sold. */
  size: number
  /** The units in stock. */
  free: number
  own: number
  unproved: number
  /** How many of the buyer's holds of the product ended unpaid within the window before the last one, and when it did. */
  ends: number
  lastEnd: number | null
}

// A parameter would keep the query from using the index of held units.
const isHeld = sql`${stockHolds.state} = 'held'`

/** Reads one row, if the product exists. */
export function selectUnpaid(ctx: Ctx, { productId, userId, key }: Wanted) {
  const mine = sql`${stockHolds.userId} = ${userId}`
  const ofProduct = sql`${stockHolds.productId} = ${productId}`
  const sumHeld = (where: SQL) =>
    sql<number>`(SELECT coalesce(sum(${stockHolds.quantity}), 0) FROM ${stockHolds} WHERE ${isHeld} AND ${where})`
  // A late payment turns a released hold into a sold one, which counts no longer. The plus keeps SQLite from reading all
  // holds of the product: the buyer has fewer.
  const ended = sql`${mine} AND +${ofProduct} AND ${stockHolds.state} = 'released'`
  const lastEnd = sql<number | null>`(SELECT max(${stockHolds.unpaidAt}) FROM ${stockHolds} WHERE ${ended})`
  return ctx.db
    .select({
      orders: sql<number>`(SELECT count(DISTINCT nullif(${stockHolds.key}, ${key})) FROM ${stockHolds}
        WHERE ${mine} AND ${isHeld})`.as('orders'),
      size: sql<number>`${products.stock} + ${sumHeld(ofProduct)}`.as('size'),
      free: sql<number>`${products.stock}`.as('free'),
      own: sumHeld(sql`${mine} AND ${ofProduct}`).as('own'),
      unproved: sumHeld(sql`${ofProduct} AND NOT ${stockHolds.isProved}`).as('unproved'),
      ends: sql<number>`(SELECT count(*) FROM ${stockHolds}
        WHERE ${ended} AND ${stockHolds.unpaidAt} > ${lastEnd} - ${UNPAID_WINDOW_MS})`.as('ends'),
      lastEnd: lastEnd.as('last_end'),
    })
    .from(products)
    .where(eq(products.id, productId))
}

/**
 * `whyUnpaidRefused` in SQL, over the columns of `selectUnpaid`: whether `quantity` more units may be held, if so many are
 * free. D1 binds every number as a real one, so divisions are cast.
 */
export const mayHold = (quantity: number, isProved: boolean, now: number): SQL => sql`
  own + ${quantity} <= min(${MAX_UNPAID_UNITS}, max(${MIN_UNPAID_SHARE}, CAST(size / ${UNPAID_PART} AS INTEGER)))
  AND (${isProved ? 1 : 0} OR (own + ${quantity} <= ${MAX_UNPROVED_UNITS}
    AND unproved + ${quantity} <= CAST((size + ${UNPROVED_PART - 1}) / ${UNPROVED_PART} AS INTEGER)))
  AND (ends <= ${UNPAID_ENDS_ALLOWED} OR ${now} >= last_end
    + min(${LONGEST_PAUSE_MS}, ${FIRST_PAUSE_MS} << min(ends - ${UNPAID_ENDS_ALLOWED + 1}, 20)))`

/** Null: the limits allow it. */
export function whyMayNotHold(
  title: string,
  { ends, lastEnd, ...held }: UnpaidStock,
  { quantity, isProved }: Pick<Wanted, 'quantity' | 'isProved'>,
  now: number,
): string | null {
  const unpaid: UnpaidUnits = {
    ...held,
    title,
    units: 'units',
    ends: lastEnd === null ? null : { count: ends, last: lastEnd },
  }
  return whyUnpaidRefused(unpaid, quantity, isProved, now)
}
