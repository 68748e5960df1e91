// The process dies at any call, those to Stripe included, while a ticket is bought by Stripe, while its event is handled, and
// while its refund is sent. A buyer must pay once, get tickets or the money back, and be refunded once.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { refund } from '../checkout/checkout.ts'
import { signed } from '../fakes/stripe/send.ts'
import { FakeStripe } from '../fakes/stripe/stripe.ts'
import { type Answer, call } from '../harness/client.ts'
import { allowLogged } from '../harness/log.ts'
import { connect } from '../harness/network.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { boughtBy, refundsOf } from '../payments/stripe-stage.ts'
import { as, HOUR, iso, MINUTE, newKey, type Staged, useClock } from '../raffles/scenario.ts'
import { everyCrash, type Send, sendSafely } from './flow.ts'
import { CLOSES_AT, expectStatus, stagePriced, usePeople } from './stage.ts'

useClock()
usePeople()

let stripe: FakeStripe
type Through = <Result>(call: () => Promise<Result>) => Promise<Result>
let through: Through = (call) => call()
beforeEach(() => {
  // The package turns the death of the process into an error of its own.
  allowLogged({ error: 'Problem', reason: /StripeConnectionError/ })
  stripe = new FakeStripe()
  through = (call) => call()
  // A read changes nothing at Stripe, so that it is no place to die at. A dead process makes none.
  connect({
    hosts: stripe.hosts,
    answer: (request) =>
      request.method === 'GET' ? stripe.answer(request) : through(() => stripe.answer(request)),
  })
})

const PRICE = 5_000

const stageForCrashes = () =>
  stagePriced({
    ticketPrice: { amount: PRICE, currency: 'USD' },
    providers: ['stripe'],
    drawAt: iso(CLOSES_AT + 2 * HOUR),
  })

/** Longer than Stripe's span and the pool's grace period together. */
const HOLDS_MS = 34 * MINUTE

interface Buying {
  raffle: Staged
  buyer: Person
  key: string
}

const stageBuying = async (raffle: Staged): Promise<Buying> => ({
  raffle,
  buyer: await registerPlayer(),
  key: newKey(),
})

/** The process calls Stripe too. Afterwards Stripe answers others again. */
async function sendWith(
  send: Send,
  request: (bindings: Partial<Bindings>) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await send((bindings, outside) => {
      through = outside
      return request(bindings)
    })
  } finally {
    through = (call) => call()
  }
}

const order = ({ raffle, buyer, key }: Buying, send: Send) =>
  sendWith(send, (bindings) =>
    as(
      buyer,
      'POST',
      '/orders',
      { lines: [{ raffleId: raffle.id, quantity: 2 }], payment: { provider: 'stripe' } },
      { headers: { 'idempotency-key': key }, bindings },
    ),
  )

const paymentsOf = async ({ id }: Person): Promise<string[]> => {
  const found = env.DB.prepare(
    'SELECT id FROM payments WHERE order_id IN (SELECT id FROM orders WHERE user_id = ?)',
  )
  return (await found.bind(id).all<{ id: string }>()).results.map((row) => row.id)
}

const sessionsOf = async ({ buyer }: Buying) => {
  const ids = await paymentsOf(buyer)
  return stripe.books.all('checkout.session').filter((each) => ids.includes(each.client_reference_id))
}

/** The buyer pays, and Stripe sends its event once; the process may die while it handles it. */
async function payAndTell(buying: Buying, send: Send): Promise<void> {
  for (const session of await sessionsOf(buying)) {
    if (session.status === 'open') stripe.outside.pay(session.id)
  }
  const events = stripe.events
  stripe.outside.events = []
  for (const event of events) {
    const { path, body, headers } = await signed(event)
    await sendWith(send, (bindings) => call('POST', path, { raw: body, headers, bindings }))
  }
}

async function violations(buying: Buying): Promise<string[]> {
  const sessions = await sessionsOf(buying)
  const found = env.DB.prepare('SELECT id, status FROM orders WHERE user_id = ?').bind(buying.buyer.id)
  const made = await found.first<{ id: string; status: string }>()
  const wrong = sessions.length > 1 ? [`${made!.id} has ${sessions.length} sessions`] : []
  if (made === null) return wrong
  const isPaid = sessions.some(({ payment_status: status }) => status === 'paid')
  const right = isPaid ? 'paid' : 'expired'
  return made.status === right ? wrong : [...wrong, `${made.id} is ${made.status}, not ${right}`]
}

describe('a process that dies at any call loses and repeats nothing', { timeout: 180_000 }, () => {
  it('while a buyer is sent to Stripe, and pays there', async () => {
    const raffle = await stageForCrashes()
    await everyCrash({
      stage: () => stageBuying(raffle),
      act: async (buying, send) => {
        try {
          expectStatus(await order(buying, send), 201)
        } finally {
          await payAndTell(buying, sendSafely)
        }
      },
      raffles: () => [raffle],
      holdsMs: HOLDS_MS,
      wrong: violations,
    })
  })

  it('while it handles the event of a payment', async () => {
    const raffle = await stageForCrashes()
    await everyCrash({
      stage: async () => {
        const buying = await stageBuying(raffle)
        expectStatus(await order(buying, sendSafely), 201)
        return buying
      },
      act: payAndTell,
      raffles: () => [raffle],
      holdsMs: HOLDS_MS,
      wrong: violations,
    })
  })

  it('while it refunds a payment', async () => {
    const raffle = await stageForCrashes()
    await everyCrash({
      stage: async () => {
        return { raffle, key: newKey(), ...(await boughtBy(stripe, raffle)) }
      },
      act: async ({ order: bought, key }, send) =>
        expectStatus(
          await sendWith(send, (bindings) => refund(raffle.operator, bought.id, {}, key, { bindings })),
          201,
        ),
      raffles: () => [raffle],
      holdsMs: HOLDS_MS,
      wrong: async ({ order: bought, charge }) => {
        const rows = await refundsOf(bought.id)
        const sent = stripe.books.all('refund').filter((each) => each.charge === charge)
        const wrong = sent.length > 1 ? [`${bought.id} was refunded ${sent.length} times`] : []
        const unpaid = rows.filter(({ status }) => status !== 'paid')
        return [...wrong, ...unpaid.map(({ id, status }) => `${id} of ${bought.id} is ${status}`)]
      },
    })
  })
})
