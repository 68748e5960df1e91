// The process dies wherever it can while a raffle is drawn and what it owes is paid out: nobody is paid twice, everybody
// is told once.
import { env } from 'cloudflare:workers'
import { describe, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { runSweep } from '../../src/cron.ts'
import { decline } from '../draws/prizes.ts'
import { registerPlayer } from '../harness/people.ts'
import {
  as,
  at,
  enter,
  HOUR,
  holderOf,
  iso,
  KES,
  newKey,
  ringAlarm,
  type Staged,
  stageRaffle,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import { type Ask, alive, everyCrash, HOLDS_MS } from './flow.ts'
import { answered, CLOSES_AT, DRAW_AT, PRICE, people, stagePaid, stagePriced, usePeople } from './stage.ts'

useClock()
usePeople()

/** The sandbox fails a payout of it the first time. */
const FAILS_FIRST = PRICE - 87
const PRIZES = 40
const cash = (amount: number) => ({ kind: 'cash', title: 'Cash', quantity: PRIZES, value: KES(amount) })

/** Past their draw; what was written until now is sent. */
async function draw(...raffles: Staged[]): Promise<void> {
  await sweep()
  at(CLOSES_AT + HOLDS_MS)
  for (const { pool } of raffles) await ringAlarm(pool)
  at(DRAW_AT)
  await sweep()
}

interface Prizes {
  raffle: Staged
  /** Two places to be paid at. */
  methods: [first: string, other: string]
  /** Winners of the buyer who have not claimed. */
  left: string[]
}

async function stageWon(amount: number): Promise<Prizes> {
  const tickets = PRIZES + 10
  const raffle = await stagePriced({ prizes: [cash(amount)], minTickets: tickets })
  await stagePaid([{ raffleId: raffle.id, quantity: tickets }])
  await draw(raffle)
  const addMethod = async (destination: string): Promise<string> => {
    const method = { provider: 'sandbox', destination }
    return answered(await as(people.buyer, 'POST', '/users/me/payout-methods', method), 201).body.id
  }
  const methods: Prizes['methods'] = [await addMethod('ACC-0112'), await addMethod('ACC-0113')]
  return { raffle, methods, left: (await winnersOf(raffle.id)).map(({ id }) => id) }
}

const payoutOf = async (subject: string) =>
  (await env.DB.prepare('SELECT id FROM payouts WHERE subject = ?').bind(subject).first<string>('id'))!

async function claim(payoutMethodId: string, winner: string, ask: Ask): Promise<void> {
  const path = `/winners/${winner}/claim`
  // Asked again once it is paid, it is said to be.
  const request = (bindings: Partial<Bindings>) =>
    as(people.buyer, 'POST', path, { payoutMethodId }, { bindings })
  answered(await ask(request), 200, 409)
}

async function approve(payoutId: string, ask: Ask): Promise<void> {
  const path = `/payouts/${payoutId}/approve`
  const operator = people.organisation.operator
  answered(await ask((bindings) => as(operator, 'POST', path, undefined, { bindings })), 200, 409)
}

/** A payout and its winner say the same. */
async function differs({ winner }: { winner: string }): Promise<string[]> {
  const row = env.DB.prepare(
    `SELECT p.status, w.status AS won FROM payouts AS p JOIN winners AS w ON w.id = p.subject WHERE subject = ?`,
  )
  const found = await row.bind(winner).first<{ status: string; won: string }>()
  if (found === null) return []
  const isRight = found.status === 'paid' ? found.won === 'paid' : found.won === 'claimed'
  return isRight ? [] : [`the payout of ${winner} is ${found.status} and its winner ${found.won}`]
}

describe('a process that dies at any call', { timeout: 180_000 }, () => {
  it('in the sweep that draws a raffle and writes to everybody', async () => {
    await everyCrash({
      stage: async () => {
        const closesAt = Date.now() + HOUR
        const times = { closesAt: iso(closesAt), drawAt: iso(closesAt + HOUR) }
        const raffle = await stageRaffle(times, people.organisation)
        await enter(raffle.id, 2)
        at(closesAt)
        await ringAlarm(raffle.pool)
        at(closesAt + HOUR)
        return { raffle }
      },
      act: (_, ask) => ask((bindings) => runSweep({ ...env, ...bindings }, Date.now())),
      raffles: ({ raffle }) => [raffle],
      sweeps: true,
    })
  })

  it('while a won cash prize is claimed, sent elsewhere and paid out', async () => {
    const won = await stageWon(PRICE)
    await everyCrash({
      stage: async () => ({ winner: won.left.pop()! }),
      act: async ({ winner }, ask) => {
        for (const method of won.methods) await claim(method, winner, ask)
        await approve(await payoutOf(winner), ask)
      },
      raffles: () => [won.raffle],
      wrong: (stage) => differs(stage),
    })
  })

  it('while a payout that failed is retried', async () => {
    const won = await stageWon(FAILS_FIRST)
    await everyCrash({
      stage: async () => {
        const winner = won.left.pop()!
        await claim(won.methods[0], winner, alive)
        const payoutId = await payoutOf(winner)
        await approve(payoutId, alive)
        return { winner, payoutId, key: newKey() }
      },
      act: async ({ payoutId, key }, ask) => {
        const headers = { 'idempotency-key': key }
        const path = `/payouts/${payoutId}/retry`
        const operator = people.organisation.operator
        answered(await ask((bindings) => as(operator, 'POST', path, {}, { headers, bindings })), 200)
      },
      raffles: () => [won.raffle],
      wrong: (stage) => differs(stage),
    })
  })

  it('while what a raffle has left is asked for and paid out', async () => {
    const settled: Staged[] = []
    for (let count = 0; count < 20; count++) {
      const raffle = await stagePriced({ prizes: [{ title: 'A book', quantity: 1 }], onUnclaimed: 'keep' })
      await stagePaid([{ raffleId: raffle.id, quantity: 2 }], await registerPlayer())
      settled.push(raffle)
    }
    await draw(...settled)
    for (const { id } of settled) {
      const [winner] = await winnersOf(id)
      answered(await decline(await holderOf(winner.id), winner.id), 200)
    }
    await sweep()
    await everyCrash({
      stage: async () => ({ raffle: settled.pop()!, key: newKey() }),
      act: async ({ raffle, key }, ask) => {
        const headers = { 'idempotency-key': key }
        const body = { raffleId: raffle.id, provider: 'sandbox', destination: 'ACC-0113' }
        const { operator } = raffle
        answered(await ask((bindings) => as(operator, 'POST', '/payouts', body, { headers, bindings })), 201)
        await approve(await payoutOf(raffle.id), ask)
      },
      raffles: ({ raffle }) => [raffle],
    })
  })
})
