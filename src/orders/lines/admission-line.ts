/** Admissions to an event as a line of an order: tickets of one ticket type. */
import { and, eq, gt, gte, isNotNull } from 'drizzle-orm'
import { Id } from '../../core/ids.ts'
import { events, ticketTypes } from '../../events/schema.ts'
import { account } from '../../money/ledger.ts'
import { askPool } from '../../tickets/client.ts'
import { reservationAddress } from '../../tickets/reservation-id.ts'
import { isOneOf } from '../find-order.ts'
import type { LinePort } from '../line.ts'
import { unitsNamed } from '../unit-text.ts'
import { poolLine } from './pool-line.ts'

export const admissionLine: LinePort<'ticketTypeId'> = {
  ...poolLine,
  reference: { field: 'ticketTypeId', id: Id('ticketType') },
  words: { item: 'ticket type', unit: 'admission', cancelled: 'event' },
  texts: {
    issued: (count) => `${count === 1 ? '1 admission' : `${count} admissions`} issued.`,
    taken: (title, isOnly) => (isOnly ? 'The admissions' : `The admissions of “${title}”`),
    refunded: (labels, title, isOnly) =>
      `${unitsNamed('admission', labels)}${isOnly ? '' : ` of “${title}”`}`,
    whyKept: 'somebody else has them by now, or the event was cancelled',
    keptDespiteDispute: (units) => `Still valid: ${units}.`,
    keptAtALoss: (units) => `Still valid: ${units}. The organisation bears the price.`,
  },

  acceptedProviders: (ctx, itemIds) =>
    ctx.db
      .select({ title: ticketTypes.name, providers: events.providers })
      .from(ticketTypes)
      .innerJoin(events, eq(events.id, ticketTypes.eventId))
      .where(and(isOneOf(ticketTypes.id, itemIds), gt(ticketTypes.priceAmount, 0))),

  giveBack: {
    /** Those of an event that was postponed after the order: whoever ordered later knew the new date. */
    async items(ctx, itemIds, orderedAt) {
      const rows = await ctx.db
        .select({ id: ticketTypes.id })
        .from(ticketTypes)
        .innerJoin(events, eq(events.id, ticketTypes.eventId))
        .where(
          and(
            isOneOf(ticketTypes.id, itemIds),
            eq(events.status, 'published'),
            gte(events.postponedAt, orderedAt),
            gt(events.refundUntil, ctx.now),
          ),
        )
      return rows.map(({ id }) => id)
    },

    /** Without those that the buyer has given to others. */
    async units(ctx, { reservationId }) {
      const { pool, seq } = reservationAddress(reservationId)
      const found = await askPool(ctx, pool, (stub) => stub.reservation(seq, reservationId))
      return found?.reservation.state === 'sold' ? found.reservation.numbers : []
    },
  },

  async mayBePaidOut(ctx, itemIds) {
    const settled = await ctx.db
      .select({ id: ticketTypes.id })
      .from(ticketTypes)
      .innerJoin(events, eq(events.id, ticketTypes.eventId))
      .where(and(isOneOf(ticketTypes.id, itemIds), isNotNull(events.settledAt)))
    return settled.map(({ id }) => id)
  },

  takings: ({ itemId }) => ({ account: account.takings(itemId) }),
}
