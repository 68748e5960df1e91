/**
 * Holds units of a product for a buyer who is about to pay: once per key, and only if they are in stock. Limits keep one
 * person from emptying a shop without paying.
 */
import { and, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound, Problem } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { mustBePayable } from '../money/payable.ts'
import { type ProductRow, products, type StockHoldRow, stockHolds } from './schema.ts'

/** How many unpaid orders with products one person may have, and how many unpaid units of one product. */
export const MAX_UNPAID_ORDERS = 3
export const MAX_UNPAID_UNITS = 50

export interface StockToHold {
  productId: string
  quantity: number
  userId: string
  /** Idempotency key: a repeat returns the first hold. */
  key: string
  /** Fingerprint of the whole request. Another request under the same key is a mismatch. */
  request: string
  holdMs: number
}

export async function holdStock(
  ctx: Ctx,
  wanted: StockToHold,
): Promise<{ hold: StockHoldRow; repeated: boolean }> {
  const { productId, quantity, userId, key, request, holdMs } = wanted
  const ownIds = new Set<string>()
  const unpaid = unpaidOf(ctx, wanted)
  const [, , [hold], [product], [unpaidNow]] = await withRetry(() => {
    // Each try has its own id. If the first try was written, the second inserts no row, so it takes no stock.
    const id = newId('stockHold')
    ownIds.add(id)
    return ctx.db.batch([
      ctx.db
        .insert(stockHolds)
        .select(sql`
          SELECT ${id}, ${userId}, ${key}, ${productId}, ${request}, ${products.organisationId},
                 ${products.title}, ${products.priceAmount}, ${products.priceCurrency}, ${quantity}, 'held',
                 ${ctx.now + holdMs}, '[]', 'none', NULL, ${ctx.now}
          FROM ${products}
          WHERE ${products.id} = ${productId} AND ${products.status} = 'active'
            AND ${products.stock} >= ${quantity}
            AND (SELECT orders < ${MAX_UNPAID_ORDERS} AND units + ${quantity} <= ${MAX_UNPAID_UNITS} FROM ${unpaid})`)
        .onConflictDoNothing(),
      ctx.db
        .update(products)
        .set({ stock: sql`${products.stock} - ${quantity}` })
        .where(
          and(
            eq(products.id, productId),
            sql`EXISTS (SELECT 1 FROM ${stockHolds} WHERE ${stockHolds.id} = ${id})`,
          ),
        ),
      ctx.db
        .select()
        .from(stockHolds)
        .where(
          and(eq(stockHolds.userId, userId), eq(stockHolds.key, key), eq(stockHolds.productId, productId)),
        ),
      ctx.db.select().from(products).where(eq(products.id, productId)),
      unpaid,
    ])
  })
  if (hold === undefined) refuse(product, quantity, unpaidNow!)
  if (hold.request !== request) {
    throw new Problem('idempotency_mismatch', 'This Idempotency-Key was used for another order.')
  }
  return { hold, repeated: !ownIds.has(hold.id) }
}

interface Unpaid {
  /** Unpaid orders under other keys. */
  orders: number
  /** Unpaid units of this product. */
  units: number
}

/** The buyer's unpaid holds. Read in the same batch as the insert, so that concurrent requests see each other's holds. */
const unpaidOf = (ctx: Ctx, { userId, key, productId }: StockToHold) =>
  ctx.db
    .select({
      orders: sql<number>`count(DISTINCT nullif(${stockHolds.key}, ${key}))`.as('orders'),
      units: sql<number>`total(iif(${stockHolds.productId} = ${productId}, ${stockHolds.quantity}, 0))`.as(
        'units',
      ),
    })
    .from(stockHolds)
    .where(and(eq(stockHolds.userId, userId), eq(stockHolds.state, 'held')))

function refuse(product: ProductRow | undefined, quantity: number, { orders, units }: Unpaid): never {
  if (product === undefined || product.status !== 'active') throw notFound('product')
  const { title, stock, priceAmount, priceCurrency: currency } = product
  mustBePayable({ amount: priceAmount * quantity, currency }, 'quantity')
  if (orders >= MAX_UNPAID_ORDERS) {
    throw new Problem('limit_reached', `You have ${orders} unpaid orders: pay or cancel one of them first.`)
  }
  if (quantity > MAX_UNPAID_UNITS) {
    throw new Problem(
      'limit_reached',
      `At most ${MAX_UNPAID_UNITS} unpaid units of a product at a time: order fewer, and pay for them first.`,
    )
  }
  if (units + quantity > MAX_UNPAID_UNITS) {
    throw new Problem(
      'limit_reached',
      `You have ${units} unpaid units of “${title}”, and the limit is ${MAX_UNPAID_UNITS}: pay or cancel first.`,
    )
  }
  const left = stock === 0 ? 'is sold out' : `has only ${stock} left`
  throw new Problem('sold_out', `“${title}” ${left}.`)
}
