// The sums that decide about payouts read a row for each thing that an organisation sold, and not for each sale.
import { env } from 'cloudflare:workers'
import { type SQL, sql } from 'drizzle-orm'
import { SQLiteSyncDialect } from 'drizzle-orm/sqlite-core'
import { describe, expect, it } from 'vitest'
import { takingsOf } from '../../src/events/takings.ts'
import { leftForShop, leftOfEvent } from '../../src/payouts/left-to-pay.ts'
import { spareMoney } from '../../src/raffles/guarantee.ts'
import { heldFor } from '../../src/raffles/held-for.ts'
import { leftByRaffle, leftForOrganiser, UNPAID } from '../../src/raffles/organiser-balance.ts'
import { bought } from '../events/event-orders.ts'
import { ENDS_AT, stageEvent } from '../events/event-stage.ts'
import { registerPlayer } from '../harness/people.ts'
import { at, sweep, useClock } from '../raffles/scenario.ts'
import { cash, stageDrawn } from './payout-stage.ts'

useClock()

const dialect = new SQLiteSyncDialect({ casing: 'snake_case' })

/** What a sum is, and how many rows SQLite reads for it. */
async function measure(sum: SQL): Promise<{ value: number; rows: number }> {
  const { sql: text, params } = dialect.sqlToQuery(sql`SELECT ${sum} AS value`)
  const { results, meta } = await env.DB.prepare(text)
    .bind(...params)
    .all<{ value: number }>()
  return { value: results[0]!.value, rows: meta.rows_read }
}

const MORE = 2_000

/** As if so many orders had paid 10 for this, by the sandbox. */
const sellMore = (organisationId: string, credit: string, raffleId: string | null) =>
  env.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MORE})
     INSERT INTO transfers SELECT 'order:bulk-' || ?2 || i, 0, 'deposits', ?2, 'KES', 10, NULL, ?3, 1, ?1, 'sandbox' FROM n`,
  )
    .bind(organisationId, credit, raffleId)
    .run()

describe('the sums of an organisation with many sales', () => {
  it('read no more rows than those of one with few', async () => {
    const raffle = await stageDrawn({ prizes: [cash(500)] })
    const { organisation } = raffle
    const event = await stageEvent({}, organisation)
    await bought(await registerPlayer(), event, { vip: 1 })
    at(ENDS_AT)
    await sweep()
    const of = { organisationId: organisation.id, currency: 'KES' }
    const sums: Record<string, [sum: SQL, grows: number]> = {
      'what the organisation still gets': [leftForOrganiser(of, UNPAID), 1],
      'what a raffle leaves': [leftByRaffle({ ...of, raffleId: raffle.id }, UNPAID), 0],
      'what an event leaves': [leftOfEvent({ ...of, eventId: event.id }), 1],
      'what the event took': [sql`(SELECT sum(taken) FROM ${takingsOf(organisation.id, event.id)})`, 1],
      'what the shop leaves': [leftForShop(of, UNPAID), 1],
      // The raffle is not settled, so what it took is its own.
      'what a till holds': [heldFor({ ...of, provider: 'sandbox' }), 2],
      'what a till holds for the raffle': [heldFor({ ...of, provider: 'sandbox', raffleId: raffle.id }), 3],
      'the money for guarantees': [spareMoney(of), 0],
    }
    const before = await Promise.all(Object.values(sums).map(([sum]) => measure(sum)))
    await sellMore(organisation.id, `takings:${event.types.vip}`, null)
    await sellMore(organisation.id, `takings:${raffle.id}`, raffle.id)
    await sellMore(organisation.id, `shop:${organisation.id}`, null)
    for (const [place, [what, [sum, grows]]] of Object.entries(sums).entries()) {
      const { value, rows } = await measure(sum)
      expect(value - before[place]!.value, what).toBe(grows * MORE * 10)
      // The shop is a new row of the claims.
      expect(rows - before[place]!.rows, what).toBeLessThanOrEqual(5)
      expect(rows, what).toBeLessThan(200)
    }
  })
})
