// The process dies at any call while a raffle is drawn and its payouts are sent. Nobody may be paid twice, and everybody
// must get each mail once.

import { env } from 'cloudflare:workers'
import { describe, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { runSweep } from '../../src/cron.ts'
import { decline } from '../draws/prizes.ts'
import { environment } from '../harness/environment.ts'
import { registerPlayer } from '../harness/people.ts'
import { agePayoutMethods } from '../payouts/payout-stage.ts'
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
import { everyCrash, HOLDS_MS, type Send, sendSafely } from './flow.ts'
import {
  CLOSES_AT,
  DRAW_AT,
  expectStatus,
  PRICE,
  people,
  stagePaid,
  stagePriced,
  usePeople,
} from './stage.ts'

useClock()
usePeople()

/** The sandbox fails the first payout of this amount. */
const FAILS_FIRST = PRICE - 87
const PRIZES = 40
const cash = (amount: number) => ({ kind: 'cash', title: 'Cash', quantity: PRIZES, value: KES(amount) })

/** Advances the clock to the draw, and draws. The mails until now are sent before. */
async function draw(...raffles: Staged[]): Promise<void> {
  await sweep()
  at(CLOSES_AT + HOLDS_MS)
  for (const { pool } of raffles) await ringAlarm(pool)
  at(DRAW_AT)
  await sweep()
}

interface Prizes {
  raffle: Staged
  /** Two payout methods of the buyer. */
  methods: [first: string, other: string]
  /** Ids of the buyer's winners that are not claimed yet. */
  unclaimed: string[]
}

async function stageWon(amount: number): Promise<Prizes> {
  const tickets = PRIZES + 10
  const raffle = await stagePriced({ prizes: [cash(amount)], minTickets: tickets })
  await stagePaid([{ raffleId: raffle.id, quantity: tickets }])
  await draw(raffle)
  const addMethod = async (destination: string): Promise<string> => {
    const method = { provider: 'sandbox', destination }
    const { id } = expectStatus(await as(people.buyer, 'POST', '/users/me/payout-methods', method), 201).body
    await agePayoutMethods(id)
    return id
  }
  const methods: Prizes['methods'] = [await addMethod('ACC-0112'), await addMethod('ACC-0113')]
  return { raffle, methods, unclaimed: (await winnersOf(raffle.id)).map(({ id }) => id) }
}

const payoutOf = async (subject: string) =>
  (await env.DB.prepare(`SELECT id FROM payouts WHERE subject = ?1 OR kind = 'organiser' AND raffle_id = ?1`)
    .bind(subject)
    .first<string>('id'))!

async function claim(payoutMethodId: string, winner: string, send: Send): Promise<void> {
  const path = `/winners/${winner}/claim`
  // A retry after the prize is paid is answered 409.
  const request = (bindings: Partial<Bindings>) =>
    as(people.buyer, 'POST', path, { payoutMethodId }, { bindings })
  expectStatus(await send(request), 200, 409)
}

async function approve(payoutId: string, send: Send): Promise<void> {
  const path = `/payouts/${payoutId}/approve`
  const operator = people.organisation.operator
  expectStatus(await send((bindings) => as(operator, 'POST', path, undefined, { bindings })), 200, 409)
}

/** A sentence if the status of the payout contradicts that of its winner. */
async function contradictions({ winner }: { winner: string }): Promise<string[]> {
  const row = env.DB.prepare(
    `SELECT p.status, w.status AS won FROM payouts AS p JOIN winners AS w ON w.id = p.subject WHERE subject = ?`,
  )
  const found = await row.bind(winner).first<{ status: string; won: string }>()
  if (found === null) return []
  const isRight = found.status === 'paid' ? found.won === 'paid' : found.won === 'claimed'
  return isRight ? [] : [`the payout of ${winner} is ${found.status} and its winner ${found.won}`]
}

describe('a process that dies at any call loses and repeats nothing', { timeout: 180_000 }, () => {
  it('in the sweep that draws a raffle and sends the mails', async () => {
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
      act: (_, send) => send((bindings) => runSweep(environment(bindings), Date.now())),
      raffles: ({ raffle }) => [raffle],
      sweeps: true,
    })
  })

  it('while a winner claims a cash prize, changes the payout method and is paid', async () => {
    const won = await stageWon(PRICE)
    await everyCrash({
      stage: async () => ({ winner: won.unclaimed.pop()! }),
      act: async ({ winner }, send) => {
        for (const method of won.methods) await claim(method, winner, send)
        await approve(await payoutOf(winner), send)
      },
      raffles: () => [won.raffle],
      wrong: (stage) => contradictions(stage),
    })
  })

  it('while an operator retries a failed payout', async () => {
    const won = await stageWon(FAILS_FIRST)
    await everyCrash({
      stage: async () => {
        const winner = won.unclaimed.pop()!
        await claim(won.methods[0], winner, sendSafely)
        const payoutId = await payoutOf(winner)
        await approve(payoutId, sendSafely)
        return { winner, payoutId, key: newKey() }
      },
      act: async ({ payoutId, key }, send) => {
        const headers = { 'idempotency-key': key }
        const path = `/payouts/${payoutId}/retry`
        const operator = people.organisation.operator
        expectStatus(await send((bindings) => as(operator, 'POST', path, {}, { headers, bindings })), 200)
      },
      raffles: () => [won.raffle],
      wrong: (stage) => contradictions(stage),
    })
  })

  it('while the organiser requests the rest of a raffle and is paid', async () => {
    const settled: Staged[] = []
    for (let count = 0; count < 20; count++) {
      const raffle = await stagePriced({ prizes: [{ title: 'A book', quantity: 1 }], onUnclaimed: 'keep' })
      await stagePaid([{ raffleId: raffle.id, quantity: 2 }], await registerPlayer())
      settled.push(raffle)
    }
    await draw(...settled)
    for (const { id } of settled) {
      const [winner] = await winnersOf(id)
      expectStatus(await decline(await holderOf(winner.id), winner.id), 200)
    }
    await sweep()
    await everyCrash({
      stage: async () => ({ raffle: settled.pop()!, key: newKey() }),
      act: async ({ raffle, key }, send) => {
        const headers = { 'idempotency-key': key }
        const body = { raffleId: raffle.id, provider: 'sandbox', destination: 'ACC-0113' }
        const { operator } = raffle
        expectStatus(
          await send((bindings) => as(operator, 'POST', '/payouts', body, { headers, bindings })),
          201,
        )
        await approve(await payoutOf(raffle.id), send)
      },
      raffles: ({ raffle }) => [raffle],
    })
  })
})
