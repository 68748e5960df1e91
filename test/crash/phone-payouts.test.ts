// The process dies at any call, including the one to M-Pesa, while a prize is sent to a phone: with its result, after a queue
// time-out, with a lost answer, and after a failure. A winner must be paid once, and a prize that is paid must be recorded so.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Transfer } from '../fakes/mpesa/mpesa.ts'
import { allowLogged } from '../harness/log.ts'
import { daraja, PHONE } from '../payments/mpesa-stage.ts'
import { methodOf } from '../payouts/payout-stage.ts'
import {
  as,
  at,
  KES,
  newKey,
  ringAlarm,
  type Staged,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import { everyCrash, HOLDS_MS, type Send, sendSafely } from './flow.ts'
import {
  cashAtMpesa,
  decideSilently,
  loseAnswer,
  orderByPhone,
  phones,
  sendCallbacks,
  sendResult,
  sendTimeOut,
  sendWith,
  usePhones,
} from './phone-network.ts'
import { CLOSES_AT, DRAW_AT, expectStatus, PRICE, people, stagePriced, usePeople } from './stage.ts'

useClock()
usePhones()
usePeople()

const PRIZES = 45
/** Polls of a payout whose answer and result are lost: one finds the request again, one asks for its status. */
const ROUNDS = 6

interface Won {
  raffle: Staged
  methodId: string
  /** Ids of winners that are not claimed yet. */
  unclaimed: string[]
}

/** One buyer has paid for all tickets from a phone, and has won every prize. */
async function stageWon(): Promise<Won> {
  const tickets = PRIZES + 5
  const prizes = [{ kind: 'cash', title: 'Cash', quantity: PRIZES, value: KES(PRICE) }]
  const raffle = await stagePriced({ providers: ['mpesa'], prizes, minTickets: tickets })
  expectStatus(await orderByPhone(people.buyer, raffle.id, { quantity: tickets }), 201)
  await sendCallbacks(people.buyer, sendSafely)
  await sweep()
  at(CLOSES_AT + HOLDS_MS)
  await ringAlarm(raffle.pool)
  at(DRAW_AT)
  await sweep()
  const methodId = await methodOf(people.buyer, 'mpesa', PHONE)
  const unclaimed = (await winnersOf(raffle.id)).map(({ id }) => id)
  expect(unclaimed).toHaveLength(PRIZES)
  return { raffle, methodId, unclaimed }
}

interface Prize {
  winner: string
  payoutId: string
  retryKey: string
}

/** A prize that waits for its approval. */
async function stagePrize({ methodId, unclaimed }: Won): Promise<Prize> {
  const winner = unclaimed.pop()!
  const claim = { payoutMethodId: methodId }
  expectStatus(await as(people.buyer, 'POST', `/winners/${winner}/claim`, claim), 200)
  const row = env.DB.prepare('SELECT id FROM payouts WHERE subject = ?').bind(winner)
  return { winner, payoutId: (await row.first<string>('id'))!, retryKey: newKey() }
}

/** A repeat after it is approved is answered 409. */
async function approve({ payoutId }: Prize, send: Send): Promise<void> {
  const path = `/payouts/${payoutId}/approve`
  const request = (bindings: object) =>
    as(people.organisation.operator, 'POST', path, undefined, { bindings })
  expectStatus(await sendWith(send, request), 200, 409)
}

const transfersOf = ({ payoutId }: Prize): Transfer[] =>
  daraja.transfers.filter(({ resultUrl }) => resultUrl.includes(payoutId))

async function sendResults(prize: Prize, code: number, send: Send): Promise<void> {
  for (const transfer of transfersOf(prize)) await sendResult(transfer, code, send)
}

/** The result comes once, also if the process that requested the transfer is dead. */
async function resultAfter(prize: Prize, send: Send, request: () => Promise<void>): Promise<void> {
  try {
    await request()
  } catch (error) {
    await sendResults(prize, 0, sendSafely)
    throw error
  }
  await sendResults(prize, 0, send)
}

/** A sentence if the money did not arrive exactly if it is recorded as paid, or arrived twice. */
async function violations(prize: Prize): Promise<string[]> {
  const { payoutId } = prize
  const row = env.DB.prepare(
    'SELECT p.status, w.status AS won FROM payouts AS p JOIN winners AS w ON w.id = p.subject WHERE p.id = ?',
  )
  const { status, won } = (await row.bind(payoutId).first<{ status: string; won: string }>())!
  const arrived = transfersOf(prize).filter(({ code }) => code === 0).length
  const is = `${payoutId} is ${status}, its winner ${won}, and M-Pesa paid it ${arrived} times`
  const isRight = status === 'paid' ? arrived === 1 && won === 'paid' : arrived === 0 && won === 'claimed'
  // Nothing that was approved may be left to a person here.
  return isRight && ['requested', 'paid', 'failed'].includes(status) ? [] : [is]
}

/** `act` is tried with each death; afterwards our till must have what the short code has. */
async function everyPayout(
  act: (prize: Prize, send: Send) => Promise<void>,
  stage = stagePrize,
): Promise<void> {
  const before = await cashAtMpesa()
  const won = await stageWon()
  await everyCrash({
    stage: () => stage(won),
    act,
    raffles: () => [won.raffle],
    meanwhile: completeAll,
    rounds: ROUNDS,
    wrong: violations,
  })
  expect((await cashAtMpesa()) - before).toBe(100 * daraja.till)
}

/** What a sweep requests after the process died arrives too. Results of status queries come between the sweeps. */
async function completeAll(): Promise<void> {
  await daraja.reportQueries()
  for (const transfer of daraja.transfers) if (transfer.code === null) await daraja.complete(transfer)
}

/** M-Pesa accepts transfers and decides them later. */
const acceptOnly = async (): Promise<void> => {}

describe('a process that dies at any call loses and repeats nothing', { timeout: 180_000 }, () => {
  it('while a prize is approved and sent to a phone, and its result comes', async () => {
    await everyPayout(async (prize, send) => {
      phones.react = acceptOnly
      await resultAfter(prize, send, () => approve(prize, send))
    })
  })

  it('while the queue of a prize times out, and it is paid without a result', async () => {
    await everyPayout(async (prize, send) => {
      phones.react = acceptOnly
      try {
        await approve(prize, send)
        for (const transfer of transfersOf(prize)) {
          if (transfer.code === null) await sendTimeOut(transfer, send)
        }
      } finally {
        for (const transfer of transfersOf(prize)) daraja.settle(transfer)
      }
    })
  })

  it('while a prize is sent whose answer and result are lost', async () => {
    allowLogged('payout not sent')
    await everyPayout(async (prize, send) => {
      phones.react = decideSilently
      loseAnswer('b2c')
      await approve(prize, send)
    })
  })

  it('while a prize is retried that M-Pesa had refused', async () => {
    await everyPayout(
      async (prize, send) => {
        const path = `/payouts/${prize.payoutId}/retry`
        const headers = { 'idempotency-key': prize.retryKey }
        const request = (bindings: object) =>
          as(people.organisation.operator, 'POST', path, {}, { headers, bindings })
        await resultAfter(prize, send, async () => void expectStatus(await sendWith(send, request), 200))
      },
      async (won) => {
        phones.react = acceptOnly
        const prize = await stagePrize(won)
        await approve(prize, sendSafely)
        await sendResults(prize, 1, sendSafely)
        await sweep()
        return prize
      },
    )
  })
})
