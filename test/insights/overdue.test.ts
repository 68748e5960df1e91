// What the sweep fails to do for an hour is counted, whatever it is: nothing waits in silence.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { countOverdue } from '../../src/insights/overdue.ts'
import { organisationWithOperator, testContext } from '../harness/people.ts'
import { at, DAY, HOUR, NOW, useClock } from '../raffles/scenario.ts'

useClock()

interface Column {
  name: string
  type: string
  notnull: number
  dflt_value: string | null
}

type Values = Record<string, string | number>

/** Inserts a row with something in each column that needs a value, and returns the statement that deletes it. */
async function insert(table: string, values: Values): Promise<D1PreparedStatement> {
  const { results } = await env.DB.prepare(`SELECT * FROM pragma_table_info('${table}')`).all<Column>()
  const needed = results.filter(({ notnull, dflt_value }) => notnull === 1 && dflt_value === null)
  const filler = ({ name, type }: Column) => [name, type.toLowerCase() === 'integer' ? 1 : `overdue ${name}`]
  if (table === 'series') values = { ...values, organisation_id: (await organisationWithOperator()).id }
  const row: Values = { ...Object.fromEntries(needed.map(filler)), ...values }
  const names = Object.keys(row)
  await env.DB.prepare(`INSERT INTO ${table} (${names.join()}) VALUES (${names.map(() => '?').join()})`)
    .bind(...Object.values(row))
    .run()
  const [key] = names
  return env.DB.prepare(`DELETE FROM ${table} WHERE ${key} = ?`).bind(row[key!]!)
}

const counts = async (): Promise<Record<string, number>> =>
  Object.fromEntries(await countOverdue(testContext()))

const LONG_AGO = NOW - HOUR - 1
const due = { due_at: LONG_AGO }

const CASES: [what: string, table: string, late: Values, inTime: Values][] = [
  ['payments', 'payments', due, { due_at: NOW - HOUR }],
  ['orders', 'orders', due, { due_at: NOW - HOUR }],
  ['refunds', 'refunds', { ...due, status: 'due' }, { status: 'paid' }],
  ['payouts', 'payouts', { ...due, kind: 'shop' }, { kind: 'shop' }],
  ['earned entries', 'grants', { ...due, user_id: 'user_x' }, { user_id: 'user_x', due_at: NOW + HOUR }],
  ['prizes that are admissions', 'prize_seats', { ...due, state: 'wanted' }, { state: 'wanted' }],
  ['series', 'series', due, { ...due, status: 'paused' }],
  ['mails about draws', 'notices', due, {}],
  ['returns of tickets', 'ticket_returns', due, {}],
  ['transfers of tickets', 'ticket_transfers', due, {}],
  ['reports of providers', 'webhooks', { received_at: LONG_AGO }, { received_at: NOW }],
  ['refunds of cancelled sales', 'refund_runs', { started_at: NOW - DAY - 1 }, { started_at: NOW - DAY }],
  [
    'mails',
    'mails',
    { due_at: NOW + HOUR, tries: 3, bulk: 0, created_at: LONG_AGO },
    { due_at: NOW + HOUR, tries: 2, bulk: 0, created_at: LONG_AGO },
  ],
]

describe('work that the sweep has not done for an hour', () => {
  it.each(CASES)('is counted: %s', async (what, table, late, inTime) => {
    at(NOW)
    const before = await counts()
    const forget = await insert(table, inTime)
    expect((await counts())[what]).toBe(before[what])
    await forget.run()
    const clean = await insert(table, late)
    expect((await counts())[what]).toBe(before[what]! + 1)
    await clean.run()
    expect(await counts()).toEqual(before)
  })

  it('is every kind of work that has a time, in this table or another check', async () => {
    const { results } = await env.DB.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND instr(sql, 'due_at') > 0",
    ).all<{ name: string }>()
    // Raffles and pools: the sweep counts them itself. A page that is not fetched leaves its draw without a result, and what
    // ticket types and groups ask of their pools is tried here with no row, because they refer to events.
    const elsewhere = [
      'raffles',
      'pools',
      'lottery_draws',
      'suspensions',
      'event_notices',
      'ticket_types',
      'capacity_groups',
    ]
    const known = [...CASES.map(([, table]) => table), ...elsewhere]
    expect(results.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([])
    expect(Object.keys(await counts())).toEqual(expect.arrayContaining(['ticket types', 'capacity groups']))
  })
})
