import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { insertTransfers } from '../../src/money/ledger.ts'
import { AWAY, failingDatabase } from '../harness/faults.ts'
import { allowLogged, expectLogged, rowNotDone } from '../harness/log.ts'
import { registerPlayer, testContext } from '../harness/people.ts'
import {
  as,
  at,
  buy,
  CLOSES_AT,
  crashing,
  DRAW_AT,
  enter,
  iso,
  MINUTE,
  NOW,
  ringAlarm,
  stageRaffle,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import { suspend } from '../suspensions/stage.ts'

const health = (bindings = {}) => as(null, 'GET', '/health', undefined, { bindings })

async function expectDegraded(what: string | RegExp, bindings = {}): Promise<void> {
  const { status, body, headers } = await health(bindings)
  expect(status).toBe(503)
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect(body).toMatchObject({ code: 'unavailable' })
  expect(body.detail).toMatch(what)
}

describe('the health check', () => {
  useClock()

  beforeEach(async () => {
    await env.DB.prepare('DELETE FROM sweeps').run()
  })

  it('is ok after a sweep, and reports its time', async () => {
    await sweep()
    const { status, body } = await health()
    expect(status).toBe(200)
    expect(body).toEqual({ status: 'ok', database: 'ok', lastSweepAt: iso(NOW), problems: [] })
  })

  it('fails if no sweep has ever run', async () => {
    await expectDegraded(/^The sweep has never run\.$/)
  })

  it('is ok for exactly three minutes after a sweep', async () => {
    await sweep()
    at(NOW + 3 * MINUTE)
    expect((await health()).status).toBe(200)
    at(NOW + 3 * MINUTE + 1)
    await expectDegraded(/^The sweep last ran 3 minutes ago\.$/)
    at(NOW + 20 * MINUTE)
    await expectDegraded(/20 minutes ago/)
    await sweep()
    expect((await health()).status).toBe(200)
  })

  it('fails if the database fails, with any error', async () => {
    await sweep()
    expectLogged('health: the database does not answer')
    for (const message of ['D1_ERROR: Network connection lost.', 'no such table: sweeps']) {
      await expectDegraded(/^The database does not answer\.$/, { DB: failingDatabase(message) })
    }
    expect((await health()).status).toBe(200)
  })

  it('fails while a provider has taken back more than its till held', async () => {
    await sweep()
    const taken = { transactionId: 'dispute:stripe:1', part: 0, currency: 'KES', amount: 500 }
    const [debit, credit] = ['disputes', 'cash:stripe']
    await insertTransfers(testContext(), [{ ...taken, debit, credit }])
    await expectDegraded(/^cash:stripe is -?KES -?5\.00: below zero\.$/)
    const returned = { ...taken, transactionId: 'won', debit: credit, credit: debit }
    await insertTransfers(testContext(), [returned])
    expect((await health()).status).toBe(200)
  })

  it('fails if sweeps crash before they are done', async () => {
    const { DB } = crashing(/^\s*select id, min\(due_at\)/i)
    await expect(sweep({ DB })).rejects.toThrow()
    await expectDegraded('never run')
  })

  it('fails while a due raffle cannot continue, and is ok once it does', async () => {
    const staged = await stageRaffle()
    await enter(staged.id, 1)
    at(CLOSES_AT)
    await ringAlarm(staged.pool)
    at(DRAW_AT)
    expectLogged(rowNotDone('raffle'))
    const { DB } = crashing(/^insert into "winners"/i)
    await sweep({ DB })
    await expectDegraded(/^1 raffles? /)
    await sweep()
    at(DRAW_AT + MINUTE)
    await sweep()
    expect((await health()).status).toBe(200)
  })

  it('fails while a suspension cannot continue for ten minutes, and is ok once it does', async () => {
    const player = await registerPlayer()
    const { id } = await stageRaffle()
    expect((await buy(player, id)).status).toBe(201)
    allowLogged(rowNotDone('free tickets of a suspended user'))
    await suspend(player, AWAY)
    await sweep(AWAY)
    at(NOW + 10 * MINUTE)
    await sweep(AWAY)
    expect((await health()).status).toBe(200)
    at(NOW + 11 * MINUTE)
    await sweep(AWAY)
    await expectDegraded(/^1 suspensions? /)
    await sweep()
    expect((await health()).status).toBe(200)
  })

  it('keeps the sweep that started later, in whatever order two sweeps end', async () => {
    await sweep()
    at(NOW + MINUTE)
    await sweep()
    at(NOW)
    await sweep()
    at(NOW + 4 * MINUTE)
    const { status, body } = await health()
    expect(status).toBe(200)
    expect(body.lastSweepAt).toBe(iso(NOW + MINUTE))
  })

  it('is public, even with a stale token', async () => {
    await sweep()
    expect(
      (await as(null, 'GET', '/health', undefined, { headers: { authorization: 'Bearer stale' } })).status,
    ).toBe(200)
  })
})
