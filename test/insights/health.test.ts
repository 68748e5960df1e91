import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { insertTransfers } from '../../src/money/ledger.ts'
import { stageEvent, takes } from '../events/event-stage.ts'
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
  newKey,
  ringAlarm,
  stageRaffle,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import { suspend } from '../suspensions/stage.ts'

const { TEST_MIGRATIONS } = env

const PRODUCTION = {
  ENVIRONMENT: 'production',
  BEACON: 'quicknet',
  JWT_SECRET: 'a-secret-of-production-that-nobody-knows',
  SIGNING_KEY: '11'.repeat(32),
  PUBLIC_ORIGIN: 'https://raffles.example',
}
const MAIL = { MAIL_URL: 'https://mail.example', MAIL_KEY: 'a-bearer-key', MAIL_FROM: 'a@mail.example' }

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
    expect(body).toEqual({
      status: 'ok',
      database: 'ok',
      lastSweepAt: iso(NOW),
      search: { behindSeconds: 0, rebuilding: false },
      problems: [],
    })
  })

  it('fails if the search index is behind or does not answer', async () => {
    await sweep()
    const add = env.DB.prepare("INSERT INTO search_changes (item_id, at) VALUES ('prod_gone', ?)")
    await add.bind(NOW - 6 * MINUTE).run()
    await expectDegraded(/^The search index is 6 minutes behind\.$/)
    await sweep()
    expectLogged('health: the search index does not answer')
    await expectDegraded(/^The search index does not answer\.$/, {
      SEARCH: failingDatabase('D1_ERROR: no such table: progress: SQLITE_ERROR'),
    })
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
    for (const message of ['D1_ERROR: Network connection lost.', 'D1_ERROR: the disk is on fire']) {
      await expectDegraded(/^The database does not answer\.$/, { DB: failingDatabase(message) })
    }
    expect((await health()).status).toBe(200)
  })

  describe('while the database lacks migrations', () => {
    const HEALTH_TOKEN = 'a-token-of-the-operators-of-this-worker'
    const LAST = TEST_MIGRATIONS.at(-1)!.name
    const detailFor = async (token: string, bindings = {}) => {
      const headers = { authorization: `Bearer ${token}` }
      const asked = { headers, bindings: { HEALTH_TOKEN, ...bindings } as Partial<Bindings> }
      return (await as(null, 'GET', '/health', undefined, asked)).body.detail
    }
    const empty = { DB: failingDatabase('D1_ERROR: no such table: d1_migrations: SQLITE_ERROR') }

    beforeEach(async () => {
      await sweep()
      expectLogged('health: the database lacks migrations')
      await env.DB.prepare('DELETE FROM d1_migrations WHERE name = ?').bind(LAST).run()
    })
    afterEach(async () => {
      await env.DB.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(LAST).run()
      expect((await health()).status).toBe(200)
    })

    it('is not ready, and names them and the command only to the health token', async () => {
      await expectDegraded(/^Not ready\.$/)
      await expectDegraded(/^Not ready\.$/, empty)
      expect(await detailFor(`${HEALTH_TOKEN}x`)).toBe('Not ready.')
      expect(await detailFor(HEALTH_TOKEN)).toBe(
        `Not ready. Missing: ${LAST}. Run: npx wrangler d1 migrations apply DB --local`,
      )
      expect(await detailFor(HEALTH_TOKEN, { ...PRODUCTION, ...MAIL })).toContain(
        `Run: npx wrangler d1 migrations apply DB --env production --remote`,
      )
      expect(await detailFor(HEALTH_TOKEN, empty)).toMatch(/Missing: 0000_initial\.sql, 0001_.*Run: /)
    })

    it('lets the sweep name them in the log, and do what it can', async () => {
      expectLogged({ message: 'the database lacks migrations', migrations: LAST })
      at(NOW + MINUTE)
      await sweep()
      await expectDegraded(/^Not ready\.$/)
      const row = await env.DB.prepare('SELECT finished_at FROM sweeps').first('finished_at')
      expect(row).toBe(NOW + MINUTE)
    })
  })

  it('fails in production while mail is not set up', async () => {
    await sweep()
    await expectDegraded(/^Mail is not set up\.$/, PRODUCTION)
    expect((await health({ ...PRODUCTION, ...MAIL })).status).toBe(200)
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
    // What other tests have left moves on first, while the pools answer.
    at(NOW + 11 * MINUTE)
    await sweep()
    at(NOW)
    const player = await registerPlayer()
    const { id } = await stageRaffle()
    expect((await buy(player, id)).status).toBe(201)
    allowLogged(
      rowNotDone('free tickets of a suspended user'),
      rowNotDone('waiting list of a suspended user'),
    )
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

  it('fails while a free order cannot be settled for ten minutes, and is ok once it is', async () => {
    const { types } = await stageEvent()
    const { DB } = crashing(/^update "order_lines"/i)
    const lines = [{ ticketTypeId: types.free, quantity: 1 }]
    expectLogged({ reason: 'the worker crashed here' })
    const headers = { 'idempotency-key': newKey() }
    await as(await registerPlayer(), 'POST', '/orders', { lines }, { headers, bindings: { DB } })
    allowLogged(rowNotDone('order'))
    await sweep(AWAY)
    at(NOW + 10 * MINUTE)
    await sweep(AWAY)
    await expectDegraded(/^1 free orders are due/)
    await sweep()
    expect((await health()).status).toBe(200)
  })

  it('fails while holders are not told of a changed event for ten minutes, and is ok once they are', async () => {
    const staged = await stageEvent()
    await takes(await registerPlayer(), staged.types.free)
    const cancelled = await as(staged.operator, 'POST', `/events/${staged.id}/cancel`, { reason: 'A storm.' })
    expect(cancelled.status).toBe(200)
    allowLogged('holders of a ticket type not told')
    await sweep(AWAY)
    at(NOW + 10 * MINUTE)
    await sweep(AWAY)
    expect((await health()).status).toBe(200)
    at(NOW + 11 * MINUTE)
    await sweep(AWAY)
    await expectDegraded(/^\d mails about changed events are due/)
    await sweep()
    expect((await health()).status).toBe(200)
  })

  it('fails while tickets cannot be taken back or passed on for an hour, and is ok once they are', async () => {
    const { types } = await stageEvent()
    const [holder, friend] = [await registerPlayer(), await registerPlayer()]
    const reservation = await takes(holder, types.free, 2)
    const path = `/tickets/${reservation}`
    expect((await as(holder, 'POST', `${path}/return`, { numbers: [1] })).status).toBe(200)
    const { body } = await as(holder, 'POST', `${path}/admissions/2/transfer`, { email: friend.email })
    expect((await as(friend, 'POST', `/tickets/transfers/${body.id}/accept`)).status).toBe(200)
    // The process died before it wrote what the pool had done.
    await env.DB.batch([
      env.DB.prepare('UPDATE ticket_returns SET due_at = ?, settled_at = NULL WHERE reservation_id = ?').bind(
        NOW,
        reservation,
      ),
      env.DB.prepare(
        `UPDATE ticket_transfers SET due_at = ?, state = 'accepting', new_reservation_id = NULL WHERE id = ?`,
      ).bind(NOW, body.id),
    ])
    allowLogged(rowNotDone('return of tickets'), rowNotDone('transfer of a ticket'))
    at(NOW + 60 * MINUTE)
    await sweep(AWAY)
    expect((await health()).status).toBe(200)
    at(NOW + 61 * MINUTE)
    await sweep(AWAY)
    await expectDegraded('1 returns of tickets are due but could not continue.')
    await expectDegraded('1 transfers of tickets are due but could not continue.')
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
