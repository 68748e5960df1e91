/** Reads what an event took, what of it was paid out, and what can still be requested. */
import { sql } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { Sum } from '../core/money.ts'
import { Instant, toInstantOrNull } from '../core/time.ts'
import { findEventFor } from '../events/find-event.ts'
import { takingsOf } from '../events/takings.ts'

export const EventTakings = z.lazy(() =>
  z
    .strictObject({
      settledAt: Instant.nullable().describe(
        'Since when they can be requested: once the event was over and no money of it was under way. Null: not yet, or it was cancelled.',
      ),
      data: z.array(
        z
          .strictObject({
            taken: Sum.describe('The price of all sold tickets, less refunds.'),
            requested: Sum.describe('Requested and not paid out yet.'),
            paidOut: Sum.describe('Paid out to the organisation.'),
            left: Sum.describe('What is left of `taken`; if negative, the organisation owes it.'),
          })
          .describe('The sums in one currency.'),
      ),
    })
    .meta({ id: 'EventTakings' }),
)
export type EventTakings = z.infer<typeof EventTakings>

export const EXAMPLE_TAKINGS = {
  settledAt: '2026-12-05T20:01:00.000Z',
  data: [
    {
      taken: { amount: 1_800_000, currency: 'KES' },
      requested: { amount: 0, currency: 'KES' },
      paidOut: { amount: 1_500_000, currency: 'KES' },
      left: { amount: 300_000, currency: 'KES' },
    },
  ],
}

export async function readEventTakings(ctx: Ctx, eventId: string): Promise<EventTakings> {
  const { organisationId, settledAt } = await findEventFor(ctx, eventId, 'reports:read')
  const rows = await ctx.db.all<Record<'taken' | 'requested' | 'paid', number> & { currency: string }>(sql`
    SELECT currency, sum(taken) AS taken, sum(requested) AS requested, sum(paid) AS paid FROM (
      SELECT currency, taken, 0 AS requested, 0 AS paid FROM ${takingsOf(organisationId, eventId)}
      UNION ALL
      SELECT currency, 0, iif(status = 'paid', 0, amount), iif(status = 'paid', amount, 0) FROM payouts
      WHERE organisation_id = ${organisationId} AND event_id = ${eventId} AND status <> 'cancelled')
    GROUP BY currency ORDER BY currency`)
  return {
    settledAt: toInstantOrNull(settledAt),
    data: rows.map(({ currency, taken, requested, paid }) => ({
      taken: { amount: taken, currency },
      requested: { amount: requested, currency },
      paidOut: { amount: paid, currency },
      left: { amount: taken - requested - paid, currency },
    })),
  }
}
