// The process dies at any call, those to Stripe included, while a prize is sent to an account there, and while a transfer that
// came back is sent again. The account must have the prize once, exactly if it is recorded as paid.
import { describe, expect, it } from 'vitest'
import type { Thing } from '../fakes/stripe/books.ts'
import { allowLogged } from '../harness/log.ts'
import { all, buyBy, sessionOf, USD } from '../payments/stripe-stage.ts'
import { agePayoutMethods } from '../payouts/payout-stage.ts'
import {
  as,
  at,
  HOUR,
  iso,
  newKey,
  ringAlarm,
  type Staged,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import { everyCrash, type Send, sendSafely } from './flow.ts'
import { CLOSES_AT, expectStatus, PRICE, people, stagePriced, usePeople } from './stage.ts'
import {
  expectSameBooks,
  stripeNetwork as network,
  STRIPE_HOLDS_MS,
  sendWith,
  tell,
  tellAgain,
  useDyingStripe,
} from './stripe-network.ts'

useClock()
usePeople()
useDyingStripe()

const PRIZES = 45
const DRAW_AT = CLOSES_AT + 2 * HOUR

interface Won {
  raffle: Staged
  methodId: string
  /** Ids of winners that are not claimed yet. */
  unclaimed: string[]
}

/** The buyer's account at Stripe, which can receive money, as a payout method. */
async function stageMethod(): Promise<string> {
  const opened = await as(people.buyer, 'POST', '/users/me/stripe-account', { country: 'KE' })
  const { accountId } = expectStatus(opened, 200).body
  network.stripe.outside.finishSetUp(accountId)
  await tell(sendSafely)
  const method = { provider: 'stripe', destination: accountId }
  const { id } = expectStatus(await as(people.buyer, 'POST', '/users/me/payout-methods', method), 201).body
  await agePayoutMethods(id)
  return id
}

/** One buyer has paid for all tickets by Stripe, and has won every prize. */
async function stageWon(): Promise<Won> {
  const tickets = PRIZES + 15
  const raffle = await stagePriced({
    ticketPrice: USD(PRICE),
    providers: ['stripe'],
    drawAt: iso(DRAW_AT),
    prizes: [{ kind: 'cash', title: 'Cash', quantity: PRIZES, value: USD(PRICE) }],
    minTickets: tickets,
  })
  for (const quantity of [tickets / 2, tickets / 2]) {
    const { body } = expectStatus(await buyBy(people.buyer, raffle, { quantity }), 201)
    network.stripe.outside.pay(sessionOf(body.order))
    await tell(sendSafely)
  }
  // The mails until now are sent.
  await sweep()
  at(CLOSES_AT + STRIPE_HOLDS_MS)
  await ringAlarm(raffle.pool)
  at(DRAW_AT)
  await sweep()
  const unclaimed = (await winnersOf(raffle.id)).map(({ id }) => id)
  expect(unclaimed).toHaveLength(PRIZES)
  return { raffle, methodId: await stageMethod(), unclaimed }
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
  const [{ id: payoutId }] = await all('SELECT id FROM payouts WHERE subject = ?', winner)
  return { winner, payoutId, retryKey: newKey() }
}

/** Approves it, or sends it again after a failure. A repeat is answered 409. */
async function manage({ payoutId, retryKey }: Prize, verb: 'approve' | 'retry', send: Send): Promise<void> {
  const headers = { 'idempotency-key': retryKey }
  const request = (bindings: object) =>
    as(people.organisation.operator, 'POST', `/payouts/${payoutId}/${verb}`, {}, { headers, bindings })
  expectStatus(await sendWith(send, request), 200, 409)
}

const transfersOf = ({ payoutId }: Prize): Thing[] =>
  network.stripe.books.all('transfer').filter(({ transfer_group: group }) => group === payoutId)

async function violations(prize: Prize): Promise<string[]> {
  const [{ status, won }] = await all(
    'SELECT p.status, w.status AS won FROM payouts AS p JOIN winners AS w ON w.id = p.subject WHERE p.id = ?',
    prize.payoutId,
  )
  const transfers = transfersOf(prize)
  const kept = transfers.filter(({ reversed }) => !reversed).length
  const is = `${prize.payoutId} is ${status}, its winner ${won}, and its account has ${kept} of ${transfers.length} transfers`
  const isRight = status === 'paid' ? kept === 1 && won === 'paid' : kept === 0 && won === 'claimed'
  return isRight && ['requested', 'failed', 'paid'].includes(status) ? [] : [is]
}

/** `act` is tried with each death; afterwards our till must have what Stripe's balance has. */
async function everyPayout(
  act: (prize: Prize, send: Send) => Promise<void>,
  stage = stagePrize,
): Promise<void> {
  const won = await stageWon()
  await everyCrash({
    stage: () => stage(won),
    act,
    raffles: () => [won.raffle],
    holdsMs: STRIPE_HOLDS_MS,
    meanwhile: tellAgain,
    wrong: violations,
  })
  await expectSameBooks()
}

describe('a process that dies at any call loses and repeats nothing', { timeout: 180_000 }, () => {
  it('while a prize is approved and sent to an account', async () => {
    await everyPayout(async (prize, send) => {
      await manage(prize, 'approve', send)
      await tell(send)
    })
  })

  it('while a prize is sent whose answer is lost', async () => {
    allowLogged('payout not sent')
    await everyPayout(async (prize, send) => {
      if (transfersOf(prize).length === 0) {
        network.stripe.heal()
        network.stripe.misbehave('POST /v1/transfers', 'lost')
      }
      await manage(prize, 'approve', send)
      await tell(send)
    })
  })

  it('while a transfer comes back, and is sent again', async () => {
    await everyPayout(
      async (prize, send) => {
        const [transfer, ...more] = transfersOf(prize)
        if (more.length === 0 && !transfer!.reversed) network.stripe.outside.reverse(transfer!.id)
        await tell(send)
        await manage(prize, 'retry', send)
        await tell(send)
      },
      async (won) => {
        const prize = await stagePrize(won)
        await manage(prize, 'approve', sendSafely)
        await tell(sendSafely)
        return prize
      },
    )
  })
})
