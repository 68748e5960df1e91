// A request has changed the pool when the database fails: the sweep finishes the request, in its first or a later pass.
import { env } from 'cloudflare:workers'
import { expect, describe as group, it } from 'vitest'
import { BOOK, stageProduct, stockOf } from '../catalog/shelf.ts'
import { failingDatabase } from '../harness/faults.ts'
import { expectLogged } from '../harness/log.ts'
import { registerPlayer, signedInAdmin } from '../harness/people.ts'
import { confirm, held, inside, type OnSale } from '../tickets/raffle-fixture.ts'
import {
  as,
  at,
  buy,
  CLOSES_AT,
  crashing,
  enter,
  HOUR,
  iso,
  MINUTE,
  NOW,
  poolState,
  read,
  type Staged,
  stageDraft,
  stageRaffle,
  sweep,
  useClock,
} from './scenario.ts'

useClock()

const PRICED = {
  ticketPrice: { amount: 500, currency: 'KES' },
  providers: ['sandbox'],
  drawAt: iso(CLOSES_AT + HOUR),
}

const row = (id: string) =>
  env.DB.prepare('SELECT status, due_at AS dueAt FROM raffles WHERE id = ?').bind(id).first()

const setDatabase = ({ pool }: Staged, database: D1Database) =>
  inside({ pool } as OnSale, (object) => {
    object.database = database
  })

/** The pool takes the change, but the database does not: the request crashes, and the pool cannot project. */
async function cutShort(
  staged: Staged,
  method: 'POST' | 'PUT',
  route: string,
  body?: unknown,
  crashesAt = /^update "raffles".*"(terms_version|status)" = /i,
): Promise<void> {
  expectLogged('unexpected error')
  await setDatabase(staged, failingDatabase('D1_ERROR: D1 DB is overloaded.'))
  const { DB, done } = crashing(crashesAt)
  const { status } = await as(staged.operator, method, `/raffles/${staged.id}${route}`, body, {
    bindings: { DB },
  })
  expect([status, done()]).toEqual([500, true])
}

/** The pool reaches the database again before the first sweep, without an alarm of its own; or only after that sweep. */
const OUTAGES: [string, (staged: Staged) => Promise<void>][] = [
  [
    'although its pool has not retried',
    async (staged) => {
      await setDatabase(staged, env.DB)
      at(NOW + MINUTE)
      await sweep()
    },
  ],
  [
    'although its pool cannot reach the database in the first pass',
    async (staged) => {
      at(NOW + MINUTE)
      await sweep()
      await setDatabase(staged, env.DB)
      at(NOW + 2 * MINUTE)
      await sweep()
    },
  ],
]

group.each(OUTAGES)('the sweep finishes, %s,', (_, passes) => {
  it('a publication', async () => {
    const staged = await stageDraft()
    await cutShort(staged, 'POST', '/publish')
    expect(await row(staged.id)).toMatchObject({ status: 'draft' })
    await passes(staged)
    expect((await read(staged.id)).status).toBe('open')
    expect(await row(staged.id)).toEqual({ status: 'scheduled', dueAt: CLOSES_AT })
    expect((await buy(await registerPlayer(), staged.id)).status).toBe(201)
  })

  it('a publication whose prizes are set aside', async () => {
    const product = await stageProduct({ stock: 5 })
    const prizes = [{ title: BOOK.title, quantity: 2, productId: product.id }]
    const staged = await stageDraft({ prizes }, product.organisation)
    await cutShort(staged, 'POST', '/publish')
    await passes(staged)
    expect(await read(staged.id)).toMatchObject({ status: 'open', prizes: [{ productId: product.id }] })
    expect(await stockOf(product.id)).toBe(3)
  })

  it('a change of the rules', async () => {
    const staged = await stageRaffle()
    await cutShort(staged, 'PUT', '', { totalTickets: 7, closesAt: iso(CLOSES_AT - MINUTE) })
    await passes(staged)
    expect(await read(staged.id)).toMatchObject({ totalTickets: 7, available: 7 })
    expect(await row(staged.id)).toEqual({ status: 'scheduled', dueAt: CLOSES_AT - MINUTE })
  })

  it('a cancellation, so that the buyers are refunded', async () => {
    const staged = await stageRaffle(PRICED)
    await confirm(await held(staged as unknown as OnSale, 'user_x', 1))
    await cutShort(staged, 'POST', '/cancel', { reason: 'rain' })
    await passes(staged)
    expect(await row(staged.id)).toEqual({ status: 'cancelled', dueAt: null })
    const runs = env.DB.prepare('SELECT reason FROM refund_runs WHERE raffle_id = ?').bind(staged.id)
    expect(await runs.first()).toEqual({ reason: 'rain' })
  })

  it('an early close', async () => {
    const staged = await stageRaffle(PRICED)
    await cutShort(
      staged,
      'POST',
      '/close',
      { reason: 'All are here' },
      /^update "raffles" set "close_note"/i,
    )
    await passes(staged)
    const freezeAt = (await poolState(staged.pool))!.freezeAt!
    expect(await read(staged.id)).toMatchObject({ status: 'closed', freezeAt: iso(freezeAt) })
    expect(await row(staged.id)).toEqual({ status: 'scheduled', dueAt: freezeAt })
  })
})

group('the sweep', () => {
  it('gives up a publication that never reached its pool', async () => {
    const staged = await stageDraft()
    expectLogged('unexpected error')
    const away = { getByName: () => ({ configure: () => Promise.reject(new Error('unreachable')) }) }
    const bindings = { TICKET_POOL: away as unknown as DurableObjectNamespace }
    await as(staged.operator, 'POST', `/raffles/${staged.id}/publish`, undefined, { bindings })
    expect(await row(staged.id)).toEqual({ status: 'draft', dueAt: NOW + MINUTE })
    at(NOW + MINUTE)
    await sweep()
    expect(await row(staged.id)).toEqual({ status: 'draft', dueAt: null })
    expect((await as(staged.operator, 'DELETE', `/raffles/${staged.id}`)).status).toBe(204)
  })

  it('that is due for another reason does not postpone the check of a cancellation under way', async () => {
    const staged = await stageRaffle()
    await enter(staged.id, 1)
    expectLogged('unexpected error')
    at(CLOSES_AT)
    const away = { getByName: () => ({ cancel: () => Promise.reject(new Error('unreachable')) }) }
    const bindings = { TICKET_POOL: away as unknown as DurableObjectNamespace }
    const cancel = { reason: 'rain' }
    await as(await signedInAdmin(), 'POST', `/raffles/${staged.id}/cancel`, cancel, { bindings })
    await sweep()
    expect((await read(staged.id)).status).toBe('committed')
    expect(await row(staged.id)).toEqual({ status: 'scheduled', dueAt: CLOSES_AT + MINUTE })
  })
})
