// A kind of line that only tests sell: everything that one file must define to work with orders, payments and refunds.
import { sql } from 'drizzle-orm'
import * as z from 'zod'
import { newId } from '../../src/core/ids.ts'
import { account } from '../../src/money/ledger.ts'
import { isOneOf } from '../../src/orders/find-order.ts'
import type { LinePort } from '../../src/orders/line.ts'
import { orderLines } from '../../src/orders/schema.ts'
import { unitsNamed } from '../../src/orders/unit-text.ts'

export const VOUCHER_PRICE = 700

/** The id of its item: `voucher_` and the id of the organisation that sells it. */
export const voucherOf = (organisationId: string): string => `voucher_${organisationId}`

/** The state of each hold and the numbers that are left of it, keyed by the id of the hold. */
export const vouchers = new Map<string, { state: 'held' | 'sold' | 'released'; left: number[] }>()

export const voucherLine: LinePort<'voucherId'> = {
  reference: { field: 'voucherId', id: z.string().regex(/^voucher_/, 'must be a voucher') },
  words: { item: 'voucher', unit: 'voucher', cancelled: null },
  texts: {
    issued: (count) => `${count} vouchers to give away.`,
    taken: (title) => `“${title}”`,
    refunded: (numbers) => unitsNamed('voucher', numbers),
    whyKept: 'it was spent',
    keptDespiteDispute: (units) => `Already spent: ${units}.`,
    keptAtALoss: (units) => `Already spent: ${units}. The shop bears the price.`,
  },
  isNumbered: false,
  acceptedProviders: async () => [{ title: 'A voucher', providers: ['sandbox'] }],
  async hold(ctx, { itemId, quantity }, { holdMs }) {
    const id = newId('stockHold')
    vouchers.set(id, { state: 'held', left: Array.from({ length: quantity }, (_, at) => at + 1) })
    return {
      organisationId: itemId.replace('voucher_', ''),
      title: 'A voucher',
      unitAmount: VOUCHER_PRICE,
      currency: 'KES',
      digits: null,
      hold: { id, state: 'held', numbers: [], at: ctx.now, issuedAt: null, heldUntil: ctx.now + holdMs },
      repeated: false,
    }
  },
  async confirm(_ctx, { reservationId }) {
    vouchers.get(reservationId)!.state = 'sold'
    return 'issued'
  },
  tickets: async (_ctx, { reservationId }) => vouchers.get(reservationId)!.left,
  giveBack: null,

  async takeBack(_ctx, { reservationId }, numbers) {
    const voucher = vouchers.get(reservationId)!
    voucher.left = voucher.left.filter((each) => !numbers.includes(each))
    return true
  },
  async release(_ctx, { reservationId }) {
    const voucher = vouchers.get(reservationId)!
    if (voucher.state === 'held') voucher.state = 'released'
  },
  sweepHolds: null,
  details: (ctx, lines) =>
    ctx.db
      .select({
        id: orderLines.reservationId,
        numbers: sql<null>`NULL`.as('numbers'),
        fulfilment: sql<null>`NULL`.as('fulfilment'),
      })
      .from(orderLines)
      .where(
        isOneOf(
          orderLines.reservationId,
          lines.map(({ reservationId }) => reservationId),
        ),
      ),
  fulfil: null,
  takings: ({ organisationId }) => ({ account: account.shop(organisationId) }),
  mayBePaidOut: async (_ctx, itemIds) => itemIds,
}
