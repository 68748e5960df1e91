import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { advanceRaffle } from '../../src/draws/advance-raffle.ts'
import { insertTransfers } from '../../src/money/ledger.ts'
import { wonIn } from '../draws/prizes.ts'
import { protectedRoutes, type Route } from '../harness/auth-battery.ts'
import { expectLogged, rowNotDone } from '../harness/log.ts'
import {
  addOperator,
  organisationWithOperator,
  registerPlayer,
  signedInAdmin,
  testContext,
} from '../harness/people.ts'
import { balances, cash, earn, PRICE, share, stageDrawn, stagePriced } from '../payouts/payout-stage.ts'
import {
  as,
  at,
  CLOSES_AT,
  crashing,
  DRAW_AT,
  drawOnTime,
  MINUTE,
  NOW,
  read,
  readAll,
  ringAlarm,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'

useClock()

const RAFFLE = newId('raffle')
const ROUTES: readonly Route[] = ['trial-balance', 'transfers', 'trial-balance.csv', 'transfers.csv'].map(
  (name) => ({ method: 'GET', path: `/api/v1/ledger/${name}?raffleId=${RAFFLE}` }),
)
protectedRoutes(ROUTES)

const transfersOf = (raffleId: string, transaction: string) =>
  env.DB.prepare(
    'SELECT part, debit, credit, amount FROM transfers WHERE raffle_id = ? AND transaction_id = ?',
  )
    .bind(raffleId, `${transaction}:${raffleId}`)
    .all()
    .then(({ results }) => results)

describe('the draw', () => {
  it('splits the takings into rake, prizes and organisation when it announces the winners', async () => {
    const staged = await stageDrawn({ rakeBps: 1_000, prizes: [cash(500, 2), share(2_000)] })
    expect(await balances(staged)).toEqual({
      'cash:sandbox': -5_000,
      rake: 500,
      prizes: 2_000,
      organiser: 2_500,
    })
    expect((await wonIn(staged.id)).map(({ unit, amount }) => [unit, amount])).toEqual([
      ['1#1', 500],
      ['1#2', 500],
      ['2#1', 1_000],
    ])
  })

  it('lets the organisation owe what the takings do not cover, even if entries are free', async () => {
    const staged = await stageDrawn({ rakeBps: 1_000, prizes: [cash(7_000)] })
    expect(await transfersOf(staged.id, 'draw')).toEqual([
      { part: 0, debit: `takings:${staged.id}`, credit: 'rake', amount: 500 },
      { part: 1, debit: `takings:${staged.id}`, credit: `prizes:${staged.id}`, amount: 4_500 },
      {
        part: 3,
        debit: `organiser:${staged.organisation.id}`,
        credit: `prizes:${staged.id}`,
        amount: 2_500,
      },
    ])
    const free = await stagePriced({ ticketPrice: { amount: 0, currency: 'KES' }, prizes: [cash(300)] })
    await drawOnTime(free)
    expect(await balances(free)).toEqual({ organiser: -300, prizes: 300 })
  })

  it('writes no transfers if there are no takings', async () => {
    const staged = await stagePriced({ ticketPrice: { amount: 0, currency: 'KES' } })
    await drawOnTime(staged)
    expect((await read(staged.id)).status).toBe('drawn')
    expect(await balances(staged)).toEqual({})
  })

  it('waits for orders that are not settled yet, then continues', async () => {
    const staged = await stagePriced({ prizes: [cash(500)] })
    await earn(staged.id, 4 * PRICE)
    await drawOnTime(staged)
    expect(await winnersOf(staged.id)).toEqual([])
    const { overdue } = await advanceRaffle(testContext(), staged.id)
    expect(overdue).toContain('takings of KES 40.00, but 5 tickets make KES 50.00')
    await earn(staged.id, PRICE)
    at(DRAW_AT + MINUTE)
    await sweep()
    expect(await winnersOf(staged.id)).toHaveLength(1)
    expect(await balances(staged)).toEqual({ 'cash:sandbox': -5_000, prizes: 500, organiser: 4_500 })
  })

  it.each([
    ['before it writes the winners', /^insert into "winners"/i],
    ['before it schedules the next check', /^update "raffles" set "due_at"/i],
  ])('is booked once if a sweep crashes %s, or two run concurrently', async (_, pattern) => {
    const staged = await stagePriced({ prizes: [cash(500)] })
    await earn(staged.id, 5 * PRICE)
    at(CLOSES_AT)
    await ringAlarm(staged.pool)
    at(DRAW_AT)
    expectLogged(rowNotDone('raffle'))
    const { DB, done } = crashing(pattern)
    await sweep({ DB })
    expect(done()).toBe(true)
    at(DRAW_AT + 2 * MINUTE)
    await Promise.all([sweep(), sweep()])
    expect(await balances(staged)).toEqual({ 'cash:sandbox': -5_000, prizes: 500, organiser: 4_500 })
  })
})

describe('settling', () => {
  it('returns unpaid prizes once', async () => {
    const staged = await stageDrawn({ prizes: [cash(500, 2)], onUnclaimed: 'keep' })
    for (const { id, holder } of staged.won) await as(holder, 'POST', `/winners/${id}/decline`)
    await Promise.all([sweep(), sweep()])
    await sweep()
    expect((await read(staged.id)).status).toBe('settled')
    expect(await balances(staged)).toEqual({ 'cash:sandbox': -5_000, organiser: 5_000 })
  })

  it('returns prizes without a winning ticket', async () => {
    const staged = await stageDrawn({ prizes: [cash(500, 3)], onUnclaimed: 'keep' }, 2)
    expect(staged.won).toHaveLength(2)
    for (const { id, holder } of staged.won) await as(holder, 'POST', `/winners/${id}/decline`)
    await sweep()
    expect(await balances(staged)).toEqual({ 'cash:sandbox': -2_000, organiser: 2_000 })
  })
})

describe('recalculating', () => {
  it('compares the takings with the ledger', async () => {
    const staged = await stageDrawn({ prizes: [cash(500)] })
    const recalculate = async () =>
      (await as(staged.operator, 'POST', `/raffles/${staged.id}/recalculate`)).body
    const expected = { amount: 5_000, currency: 'KES' }
    expect(await recalculate()).toMatchObject({
      matches: true,
      takings: { expected, ledger: expected, matches: true },
    })
    await earn(staged.id, PRICE)
    expect(await recalculate()).toMatchObject({
      matches: false,
      attempts: [{ matches: true }],
      takings: { expected, ledger: { amount: 6_000 }, matches: false },
    })
  })

  it('has no takings to compare if entries are free', async () => {
    const staged = await stagePriced({ ticketPrice: { amount: 0, currency: 'KES' } })
    await drawOnTime(staged)
    const { body } = await as(staged.operator, 'POST', `/raffles/${staged.id}/recalculate`)
    expect(body).toMatchObject({ matches: true, takings: null })
  })
})

describe('the ledger', () => {
  it('is readable as a whole by admins, and per raffle by its organisation', async () => {
    const staged = await stageDrawn({ prizes: [cash(500)] })
    const admin = await signedInAdmin()
    const player = await registerPlayer()
    const { operator: other } = await organisationWithOperator()
    const janitor = await addOperator(staged.organisation.id, 'janitor')
    for (const { path } of ROUTES) {
      const route = path.replace('/api/v1', '').replace(/\?.*/, '')
      const ofRaffle = `${route}?raffleId=${staged.id}`
      expect((await as(admin, 'GET', route)).status).toBe(200)
      expect((await as(admin, 'GET', ofRaffle)).status).toBe(200)
      expect((await as(staged.operator, 'GET', ofRaffle)).status).toBe(200)
      expect((await as(staged.operator, 'GET', route)).body.code).toBe('forbidden')
      expect((await as(janitor, 'GET', ofRaffle)).body.code).toBe('forbidden')
      for (const person of [player, other]) {
        const theirs = await as(person, 'GET', ofRaffle)
        const unknown = await as(person, 'GET', `${route}?raffleId=${RAFFLE}`)
        expect({ ...theirs.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' })
        expect(theirs.body.code).toBe('not_found')
      }
      expect((await as(admin, 'GET', `${route}?raffleId=nonsense`)).status).toBe(422)
    }
    expect((await as(admin, 'GET', '/ledger/trial-balance')).body.balanced).toBe(true)
  })

  it('lists transfers by time, page by page', async () => {
    const staged = await stageDrawn({ rakeBps: 1_000, prizes: [cash(500)] })
    const path = `/ledger/transfers?raffleId=${staged.id}`
    const all = await readAll(path, 100, staged.operator)
    expect(await readAll(path, 2, staged.operator)).toEqual(all)
    expect(all.map(({ transactionId, part }) => `${transactionId.split(':')[0]} ${part}`)).toEqual([
      'order 0',
      'receipt 0',
      'draw 0',
      'draw 1',
      'draw 2',
    ])
  })

  it('can be downloaded as CSV without formulas', async () => {
    const staged = await stageDrawn({ prizes: [cash(500)] })
    const evil = { debit: '=1+1', credit: '@x,"y"', currency: 'KES', amount: 5, raffleId: staged.id }
    await insertTransfers(testContext(NOW - 1), [{ ...evil, transactionId: '-evil', part: 0 }])
    const file = async (name: string) => {
      const answer = await as(staged.operator, 'GET', `/ledger/${name}.csv?raffleId=${staged.id}`)
      expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
      return answer.body.trimEnd().split('\n')
    }
    const [header, first, ...rest] = await file('transfers')
    expect(header).toBe(
      'at,transactionId,part,debit,credit,currency,amount,orderId,raffleId,organisationId,provider',
    )
    expect(first).toBe(`2031-05-05T11:59:59.999Z,'-evil,0,'=1+1,"'@x,""y""",KES,5,,${staged.id},,`)
    expect(rest).toHaveLength(4)
    const balance = await file('trial-balance')
    expect(balance[0]).toBe('account,currency,debit,credit')
    expect(balance).toContain(`"'@x,""y""",KES,0,5`)
    expect(balance).toContain('cash:sandbox,KES,5000,0')
  })

  it('downloads more rows than fit in one chunk', async () => {
    const staged = await stagePriced()
    const rows = Array.from({ length: 2_000 }, (_, part) => ({
      transactionId: 'many',
      part,
      debit: 'a',
      credit: 'b',
      currency: 'KES',
      amount: part + 1,
      raffleId: staged.id,
    }))
    await insertTransfers(testContext(), rows)
    const { body } = await as(staged.operator, 'GET', `/ledger/transfers.csv?raffleId=${staged.id}`)
    expect(body.trimEnd().split('\n')).toHaveLength(2_001)
  })
})
