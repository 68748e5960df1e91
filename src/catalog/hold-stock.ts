/**
 * Holds units of a product for a buyer who is about to pay: once per key, and only if they are in stock. Limits keep one
 * person from emptying a shop without paying.
 */
import { and, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { countryName, countryNames, whyNotFrom } from '../core/countries.ts'
import { withRetry } from '../core/database.ts'
import { invalid, notFound, Problem } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { mustBePayable } from '../money/payable.ts'
import { writtenName } from '../money/provider-name.ts'
import { sellingTerms } from '../money/schema.ts'
import { type Selling, sellsSo } from '../money/selling-terms.ts'
import { type ProductRow, products, type StockHoldRow, stockHolds } from './schema.ts'
import {
  MAX_UNPAID_ORDERS,
  mayHold,
  selectUnpaid,
  type UnpaidStock,
  type Wanted,
  whyMayNotHold,
} from './unpaid-stock.ts'

export interface StockToHold extends Wanted {
  /** Idempotency key: a repeat returns the first hold. */
  key: string
  /** Fingerprint of the whole request. Another request under the same key is a mismatch. */
  request: string
  holdMs: number
  /** By which provider the buyer pays; null: there is nothing to pay. */
  provider: string | null
  /** From where the buyer connects, and where the units are sent. Null: not seen, or picked up. */
  country: string | null
  deliverTo: string | null
}

export async function holdStock(
  ctx: Ctx,
  wanted: StockToHold,
): Promise<{ hold: StockHoldRow; repeated: boolean }> {
  const { productId, quantity, userId, isProved, key, request, holdMs } = wanted
  const ownIds = new Set<string>()
  // Read in the same batch as the insert, so that concurrent requests see each other's holds.
  const unpaid = selectUnpaid(ctx, wanted)
  const countries = [wanted.country, wanted.deliverTo].filter((country) => country !== null)
  const { provider } = wanted
  const [, , [hold], [product], [unpaidNow], [selling]] = await withRetry(() => {
    // Each try has its own id. If the first try was written, the second inserts no row, so it takes no stock.
    const id = newId('stockHold')
    ownIds.add(id)
    return ctx.db.batch([
      ctx.db
        .insert(stockHolds)
        .select(sql`
          SELECT ${id}, ${userId}, ${key}, ${productId}, ${request}, ${products.organisationId},
                 ${products.title}, ${products.priceAmount}, ${products.priceCurrency}, ${quantity}, 'held',
                 ${ctx.now + holdMs}, '[]', 'none', NULL, ${ctx.now}, ${isProved ? 1 : 0}, NULL
          FROM ${products}
          WHERE ${products.id} = ${productId} AND ${products.status} = 'active'
            AND ${products.stock} >= ${quantity}
            AND ${sellsSo(products.organisationId, { provider, countries })}
            AND (SELECT orders < ${MAX_UNPAID_ORDERS} AND ${mayHold(quantity, isProved, ctx.now)} FROM ${unpaid})`)
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
      ctx.db
        .select()
        .from(sellingTerms)
        .where(
          sql`${sellingTerms.organisationId} = (SELECT organisation_id FROM products WHERE id = ${productId})`,
        ),
    ])
  })
  if (hold === undefined) refuse(ctx, product, wanted, unpaidNow, selling)
  if (hold.request !== request) {
    throw new Problem('idempotency_mismatch', 'This Idempotency-Key was used for another order.')
  }
  return { hold, repeated: !ownIds.has(hold.id) }
}

function refuse(
  ctx: Ctx,
  product: ProductRow | undefined,
  wanted: StockToHold,
  unpaid: UnpaidStock | undefined,
  selling: Selling | undefined,
): never {
  if (product === undefined || product.status !== 'active' || unpaid === undefined) throw notFound('product')
  const { title, stock, priceAmount, priceCurrency: currency } = product
  mustBePayable({ amount: priceAmount * wanted.quantity, currency }, 'quantity')
  if (selling !== undefined) mustSell(selling, product, wanted)
  const { orders } = unpaid
  if (orders >= MAX_UNPAID_ORDERS) {
    throw new Problem('limit_reached', `You have ${orders} unpaid orders: pay or cancel one of them first.`)
  }
  const why = whyMayNotHold(title, unpaid, wanted, ctx.now)
  if (why !== null) throw new Problem('limit_reached', why)
  const left = stock === 0 ? 'is sold out' : `has only ${stock} left`
  throw new Problem('sold_out', `“${title}” ${left}.`)
}

/** The field of an order that says where its products are sent. */
export const DELIVERY_COUNTRY_FIELD = 'deliveryAddress.country'

/** Throws if the organisation does not sell so. */
function mustSell(
  { providers, countries }: Selling,
  { title }: ProductRow,
  { provider, country, deliverTo }: StockToHold,
): void {
  const whyNotHere = whyNotFrom(countries, country)
  if (whyNotHere !== null) throw new Problem('forbidden', `“${title}” ${whyNotHere}`)
  if (countries !== null && deliverTo !== null && !countries.includes(deliverTo)) {
    const only = `“${title}” is sent to ${countryNames(countries)} only`
    throw invalid(DELIVERY_COUNTRY_FIELD, `is ${countryName(deliverTo)}, but ${only}`)
  }
  if (providers !== null && provider !== null && !providers.some((name) => name === provider)) {
    const names = providers.map(writtenName).join(', ')
    throw new Problem('invalid_state', `“${title}” takes payments by ${names} only.`)
  }
}
