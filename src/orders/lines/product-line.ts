/** Units of a product as a line of an order: the hold takes them out of stock. */
import { eq, sql } from 'drizzle-orm'
import { holdStock } from '../../catalog/hold-stock.ts'
import { products, stockHolds } from '../../catalog/schema.ts'
import { releaseStock, sellStock, takeStockBack, unitsOf } from '../../catalog/stock-holds.ts'
import { Id } from '../../core/ids.ts'
import { account } from '../../money/ledger.ts'
import { sellingTerms } from '../../money/schema.ts'
import { isOneOf } from '../find-order.ts'
import type { LinePort } from '../line.ts'
import { fulfilStock } from './fulfil-stock.ts'
import { sweepStockHolds } from './sweep-stock-holds.ts'

export const productLine: LinePort<'productId'> = {
  reference: { field: 'productId', id: Id('product') },
  words: { item: 'product', unit: 'item', cancelled: null },
  texts: {
    issued: (count) => `${count === 1 ? '1 item is' : `${count} items are`} yours.`,
    taken: (title) => `“${title}”`,
    refunded: (labels, title) => `${labels.length} × ${title}`,
    whyKept: 'it was never sold',
    keptDespiteDispute: (units) => `Never sold, so nothing can be taken back: ${units}.`,
    keptAtALoss: (units) =>
      `Never sold, so nothing can be taken back: ${units}. The organisation bears the price.`,
  },
  isNumbered: false,

  acceptedProviders: async (ctx, itemIds) => {
    const rows = await ctx.db
      .select({ title: products.title, providers: sellingTerms.providers })
      .from(products)
      .innerJoin(sellingTerms, eq(sellingTerms.organisationId, products.organisationId))
      .where(isOneOf(products.id, itemIds))
    return rows.flatMap(({ title, providers }) => (providers === null ? [] : [{ title, providers }]))
  },

  async hold(ctx, { itemId, quantity }, { userId, entrant, holdMs, ...terms }) {
    const { isProved } = entrant
    const { key, request, provider, country, deliverTo } = terms
    const sold = { provider, country, deliverTo }
    const wanted = { productId: itemId, quantity, userId, isProved, key, request, holdMs, ...sold }
    const { hold, repeated } = await holdStock(ctx, wanted)
    const { id, organisationId, title, unitAmount, currency, heldUntil, createdAt } = hold
    const state = hold.state === 'held' || hold.state === 'sold' ? hold.state : 'released'
    return {
      organisationId,
      title,
      unitAmount,
      digits: null,
      currency,
      hold: { id, state, numbers: [], at: createdAt, issuedAt: null, heldUntil },
      repeated,
    }
  },

  async confirm(ctx, { reservationId }) {
    return (await sellStock(ctx, reservationId)) === 'lost' ? 'taken' : 'issued'
  },

  tickets: (ctx, { reservationId }) => unitsOf(ctx, reservationId),

  giveBack: null,

  takeBack: (ctx, { reservationId }, units) => takeStockBack(ctx, reservationId, units),

  release: (ctx, { reservationId }, isUnpaid) => releaseStock(ctx, reservationId, isUnpaid),

  sweepHolds: sweepStockHolds,

  details: (ctx, lines) =>
    ctx.db
      .select({
        id: stockHolds.id,
        numbers: sql<null>`NULL`.as('numbers'),
        fulfilment: { status: stockHolds.fulfilment, reference: stockHolds.reference },
      })
      .from(stockHolds)
      .where(
        isOneOf(
          stockHolds.id,
          lines.map(({ reservationId }) => reservationId),
        ),
      ),

  fulfil: fulfilStock,

  mayBePaidOut: async (_ctx, itemIds) => itemIds,

  takings: ({ organisationId }) => ({ account: account.shop(organisationId) }),
}
