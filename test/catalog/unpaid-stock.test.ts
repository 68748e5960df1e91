// The limits on unpaid units are written twice: as a pure rule, and in SQL. Both must allow the same.
import { env } from 'cloudflare:workers'
import { SQLiteSyncDialect } from 'drizzle-orm/sqlite-core'
import { expect, it } from 'vitest'
import { mayHold, type UnpaidStock, whyMayNotHold } from '../../src/catalog/unpaid-stock.ts'
import { HOUR_MS, MINUTE_MS } from '../../src/core/time.ts'

const NOW = Date.parse('2031-05-05T12:00:00.000Z')
const NONE = { orders: 0, size: 0, free: 100, own: 0, unproved: 0, ends: 0, lastEnd: null }

const SIZES = [0, 1, 2, 3, 7, 8, 9, 12, 15, 16, 19, 20, 21, 40, 99, 100, 101, 199, 200, 201, 5_000]
const HELD = [0, 1, 2, 3, 4, 5, 10, 25, 49, 50, 51, 100]
const PAUSES = [0, 1, 29, 30, 31, 59, 60, 119, 120, 239, 240, 479, 480, 959, 960, 1_439, 1_440, 1_441]

const held: UnpaidStock[] = SIZES.flatMap((size) =>
  HELD.flatMap((own) => HELD.map((unproved) => ({ ...NONE, size, own, unproved }))),
)
const ended: UnpaidStock[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 30, 500].flatMap((ends) =>
  PAUSES.flatMap((minutes) =>
    [-1, 0, 1].map((ms) => ({ ...NONE, size: 40, ends, lastEnd: NOW - minutes * MINUTE_MS + ms })),
  ),
)

/** What SQL allows, for all rows in one statement. */
async function allowed(rows: UnpaidStock[], quantity: number, isProved: boolean): Promise<boolean[]> {
  const { sql, params } = new SQLiteSyncDialect().sqlToQuery(mayHold(quantity, isProved, NOW))
  const columns = `SELECT key AS at, value->>'own' AS own, value->>'size' AS size, value->>'unproved' AS unproved,
    value->>'ends' AS ends, value->>'lastEnd' AS last_end FROM json_each(?)`
  const query = `SELECT (${sql}) AS is_allowed FROM (${columns}) ORDER BY at`
  const { results } = await env.DB.prepare(query)
    .bind(...params, JSON.stringify(rows))
    .all<{ is_allowed: number }>()
  return results.map((row) => row.is_allowed === 1)
}

it.each([
  [1, true],
  [3, true],
  [26, true],
  [50, true],
  [1, false],
  [3, false],
  [5, false],
  [6, false],
])('allow the same for %i units, with a proved address: %s', async (quantity, isProved) => {
  const rows = [...held, ...ended]
  const wanted = { quantity, isProved }
  const expected = rows.map((row) => whyMayNotHold('A book', row, wanted, NOW) === null)
  expect(await allowed(rows, quantity, isProved)).toEqual(expected)
})

it('a pause never lasts longer than a day', async () => {
  const [row] = await allowed([{ ...NONE, size: 40, ends: 400, lastEnd: NOW - 24 * HOUR_MS }], 1, true)
  expect(row).toBe(true)
})
