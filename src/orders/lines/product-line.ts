/** Units of a product as a line of an order: they are out of its stock from the hold on. */
import { holdStock } from '../../catalog/hold-stock.ts'
import { releaseStock, sellStock, takeStockBack, unitsOf } from '../../catalog/stock-holds.ts'
import { account } from '../../money/ledger.ts'
import type { LinePort } from '../line.ts'

export const productLine: LinePort = {
  async hold(ctx, { itemId, quantity }, { userId, key, request, holdMs }) {
    const wanted = { productId: itemId, quantity, userId, key, request, holdMs }
    const { hold, repeated } = await holdStock(ctx, wanted)
    const { id, organisationId, title, unitAmount, currency, heldUntil, createdAt } = hold
    const state = hold.state === 'held' || hold.state === 'sold' ? hold.state : 'released'
    return {
      organisationId,
      title,
      unitAmount,
      currency,
      hold: { id, state, numbers: [], at: createdAt, issuedAt: null, heldUntil },
      repeated,
    }
  },

  async confirm(ctx, { reservationId }) {
    return (await sellStock(ctx, reservationId)) === 'lost' ? 'gone' : 'issued'
  },

  tickets: (ctx, { reservationId }) => unitsOf(ctx, reservationId),

  takeBack: (ctx, { reservationId }, units) => takeStockBack(ctx, reservationId, units),

  release: (ctx, { reservationId }) => releaseStock(ctx, reservationId),

  takings: ({ organisationId }) => ({ account: account.shop(organisationId) }),
}
