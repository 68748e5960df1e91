// The process dies at every call it makes, before the call's effect and after it, in every flow that moves money. Then
// the client may ask again, the clock runs out, the sweep runs, and the audit must find nothing.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { runSweep } from '../../src/cron.ts'
import { type Answer, call } from '../harness/client.ts'
import {
  type Organisation,
  organisationWithOperator,
  type Person,
  registerPlayer,
} from '../harness/people.ts'
import {
  as,
  at,
  DAY,
  iso,
  MINUTE,
  NOW,
  newKey,
  ringAlarm,
  SECOND,
  type Staged,
  silenceLog,
  stageRaffle,
  useClock,
} from '../raffles/scenario.ts'
import { audit } from './audit.ts'
import { everyCrash, HOLDS_MS, runOut } from './crash-flow.ts'

useClock()
beforeEach(() => void silenceLog())

const PRICE = 1_000
const KES = (amount: number) => ({ amount, currency: 'KES' })
/** Far enough: some flows let the holds of every try run out. */
const CLOSES_AT = NOW + 30 * DAY
const DRAW_AT = CLOSES_AT + 30 * MINUTE
const answered = (answer: Answer, ...statuses: number[]): Answer => {
  expect(statuses, JSON.stringify(answer.body)).toContain(answer.status)
  return answer
}

let organisation: Organisation
let buyer: Person
// By the clock of the tests, as sessions of another time would be forgotten by the sweep.
beforeEach(async () => {
  organisation = await organisationWithOperator()
  buyer = await registerPlayer()
})

const stagePriced = (changes: Record<string, unknown> = {}): Promise<Staged> =>
  stageRaffle(
    {
      ticketPrice: KES(PRICE),
      totalTickets: 1_000,
      providers: ['sandbox'],
      closesAt: iso(CLOSES_AT),
      drawAt: iso(DRAW_AT),
      ...changes,
    },
    organisation,
  )

const placeLines = (person: Person, lines: object[], key: string, bindings: Partial<Bindings> = {}) => {
  const headers = { 'idempotency-key': key }
  return as(person, 'POST', '/orders', { lines, payment: { provider: 'sandbox' } }, { headers, bindings })
}

const place = (person: Person, raffles: Staged[], quantity: number, key: string, bindings = {}) =>
  placeLines(
    person,
    raffles.map(({ id: raffleId }) => ({ raffleId, quantity })),
    key,
    bindings,
  )

const onCheckout = (url: string, action: string, bindings: Partial<Bindings> = {}): Promise<Answer> =>
  call('POST', new URL(url).pathname, {
    form: { action },
    headers: { origin: new URL(url).origin },
    bindings,
  })

interface Bought {
  raffle: Staged
  order: Answer['body']
}

async function stageOrder(raffle: Staged, person: Person, quantity: number): Promise<Bought> {
  return { raffle, order: answered(await place(person, [raffle], quantity, newKey()), 201).body }
}

async function stagePaid(raffle: Staged, quantity: number): Promise<Bought> {
  const bought = await stageOrder(raffle, buyer, quantity)
  answered(await onCheckout(bought.order.payment.checkoutUrl, 'approve'), 200)
  return bought
}

async function isCharged({ order }: Bought): Promise<boolean> {
  const charge = env.DB.prepare('SELECT captures FROM sandbox_charges WHERE id = ?').bind(order.payment.id)
  return (await charge.first<{ captures: number }>())!.captures > 0
}

async function isNot(status: string, { order: { id } }: Bought): Promise<string[]> {
  const row = await env.DB.prepare('SELECT status FROM orders WHERE id = ?')
    .bind(id)
    .first<{ status: string }>()
  return row!.status === status ? [] : [`order ${id} is ${row!.status} and not ${status}`]
}

describe('a process that dies at any call', { timeout: 180_000 }, () => {
  it('in a purchase of tickets of two raffles', async () => {
    const [raffle, other] = [await stagePriced(), await stagePriced()]
    await everyCrash({
      stage: async () => ({ raffle, person: await registerPlayer(), key: newKey() }),
      act: async ({ person, key }, ask) =>
        answered(await ask((bindings) => place(person, [raffle, other], 2, key, bindings)), 201),
      raffle: () => raffle,
    })
    expect(await audit(env, { settled: true, raffles: [other.id] })).toEqual([])
  })

  it.each(['approve', 'twice'])('in a settlement from the checkout page: %s', async (action) => {
    const raffle = await stagePriced()
    await everyCrash({
      stage: async () => stageOrder(raffle, await registerPlayer(), 3),
      act: async ({ order }, ask) =>
        answered(await ask((bindings) => onCheckout(order.payment.checkoutUrl, action, bindings)), 200),
      raffle: () => raffle,
      wrong: async (bought) => isNot((await isCharged(bought)) ? 'paid' : 'expired', bought),
    })
  })

  it('in a settlement that comes too late, for numbers of which some went to another', async () => {
    const raffle = await stagePriced({ numbering: 'chosen' })
    const other = await stagePriced()
    let number = 0
    await everyCrash({
      stage: async () => {
        number++
        const lines = [
          { raffleId: raffle.id, numbers: [number] },
          { raffleId: other.id, quantity: 2 },
        ]
        const order = answered(await placeLines(await registerPlayer(), lines, newKey()), 201).body
        await runOut([raffle, other], 1)
        const taken = [{ raffleId: raffle.id, numbers: [number] }]
        const { body } = answered(await placeLines(buyer, taken, newKey()), 201)
        answered(await onCheckout(body.payment.checkoutUrl, 'approve'), 200)
        return { raffle, order }
      },
      act: async ({ order }, ask) =>
        answered(await ask((bindings) => onCheckout(order.payment.checkoutUrl, 'approve', bindings)), 200),
      raffle: () => raffle,
      wrong: async (bought) => isNot((await isCharged(bought)) ? 'partially_refunded' : 'expired', bought),
    })
    expect(await audit(env, { settled: true, raffles: [other.id] })).toEqual([])
  })

  it('in a settlement that the sweep discovers', async () => {
    const raffle = await stagePriced()
    await everyCrash({
      stage: async () => {
        const bought = await stageOrder(raffle, await registerPlayer(), 3)
        // Paid, and the webhook that says so is lost.
        const pay = env.DB.prepare(
          `UPDATE sandbox_charges SET status = 'approved', captures = 1 WHERE id = ?`,
        )
        await pay.bind(bought.order.payment.id).run()
        at(Date.now() + 45 * SECOND)
        return bought
      },
      act: (_, ask) => ask((bindings) => runSweep({ ...env, ...bindings }, Date.now())),
      raffle: () => raffle,
      sweeps: true,
      wrong: (bought) => isNot('paid', bought),
    })
  })

  it('in a refund by ticket', async () => {
    const raffle = await stagePriced()
    await everyCrash({
      stage: async () => {
        const bought = await stagePaid(raffle, 3)
        return { ...bought, number: bought.order.lines[0].tickets[1].number, key: newKey() }
      },
      act: async ({ order, number, key }, ask) => {
        const body = { reason: 'The buyer cannot come.', lines: [{ line: 0, numbers: [number] }] }
        const more = { headers: { 'idempotency-key': key } }
        const path = `/orders/${order.id}/refunds`
        answered(await ask((bindings) => as(raffle.operator, 'POST', path, body, { ...more, bindings })), 201)
      },
      raffle: () => raffle,
    })
  })

  it('in the cancellation of a raffle', () =>
    everyCrash({
      stage: async () => {
        const raffle = await stagePriced()
        await stagePaid(raffle, 2)
        await stagePaid(raffle, 1)
        const pending = await stageOrder(raffle, buyer, 2)
        return { raffle, pending }
      },
      act: async ({ raffle }, ask) => {
        const body = { reason: 'The venue is closed.' }
        const path = `/raffles/${raffle.id}/cancel`
        answered(await ask((bindings) => as(raffle.operator, 'POST', path, body, { bindings })), 200)
        await ask((bindings) => runSweep({ ...env, ...bindings }, Date.now()))
      },
      raffle: ({ raffle }) => raffle,
      sweeps: true,
    }))

  it('in the payout of a won cash prize', async () => {
    const raffle = await stagePriced({ prizes: [cash(60)], minTickets: 80, maxPerUser: null })
    await stagePaid(raffle, 40)
    await stagePaid(raffle, 40)
    at(CLOSES_AT + HOLDS_MS)
    await ringAlarm(raffle.pool)
    at(DRAW_AT)
    await runSweep(env, Date.now())
    const method = { provider: 'sandbox', destination: 'ACC-0112' }
    const { body } = answered(await as(buyer, 'POST', '/users/me/payout-methods', method), 201)
    const { body: winners } = await as(null, 'GET', `/raffles/${raffle.id}/winners?limit=100`)
    const left: string[] = winners.data.map(({ id }: { id: string }) => id)
    await everyCrash({
      stage: async () => ({ winner: left.pop()! }),
      act: async ({ winner }, ask) => {
        const claim = { payoutMethodId: body.id }
        const path = `/winners/${winner}/claim`
        // Asked again, it is said to be claimed already.
        answered(await ask((bindings) => as(buyer, 'POST', path, claim, { bindings })), 200, 409)
        const payout = env.DB.prepare('SELECT id FROM payouts WHERE subject = ?').bind(winner)
        const approve = `/payouts/${(await payout.first<{ id: string }>())!.id}/approve`
        answered(
          await ask((bindings) => as(raffle.operator, 'POST', approve, undefined, { bindings })),
          200,
          409,
        )
      },
      raffle: () => raffle,
      wrong: async ({ winner }) => {
        const row = env.DB.prepare(
          `SELECT p.status, w.status AS won FROM payouts AS p JOIN winners AS w ON w.id = p.subject WHERE subject = ?`,
        )
        const found = await row.bind(winner).first<{ status: string; won: string }>()
        const isRight = found === null || found.status === 'requested' || found.won === found.status
        return isRight ? [] : [`the payout of ${winner} is ${found.status} and its winner ${found.won}`]
      },
    })
  })
})

const cash = (quantity: number) => ({ kind: 'cash', title: 'Cash', quantity, value: KES(PRICE) })
