// The process dies at any call, those to Stripe included, while a ticket is bought by Stripe, while nobody pays for it, and while
// its money goes back. A buyer must pay once, get tickets or the money back, and be refunded once.
import { describe, it } from 'vitest'
import { runSweep } from '../../src/cron.ts'
import { refund } from '../checkout/checkout.ts'
import { environment } from '../harness/environment.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { boughtBy, refundsOf } from '../payments/stripe-stage.ts'
import { as, at, HOUR, iso, MINUTE, newKey, type Staged, useClock } from '../raffles/scenario.ts'
import { everyCrash, type Flow, type Send, sendSafely } from './flow.ts'
import { CLOSES_AT, expectStatus, stagePriced, usePeople } from './stage.ts'
import {
  expectSameBooks,
  stripeNetwork as network,
  orderOf,
  STRIPE_HOLDS_MS,
  sendWith,
  sessionsOf,
  tell,
  tellAgain,
  tellOnce,
  useDyingStripe,
} from './stripe-network.ts'

useClock()
usePeople()
useDyingStripe()

const PRICE = 5_000

const stageForCrashes = () =>
  stagePriced({
    ticketPrice: { amount: PRICE, currency: 'USD' },
    providers: ['stripe'],
    drawAt: iso(CLOSES_AT + 2 * HOUR),
  })

/** Tries each death, then compares our till with Stripe's balance. */
async function everyDeath<Stage>(
  flow: Omit<Flow<Stage>, 'raffles' | 'stage'> & { stage(raffle: Staged): Promise<Stage> },
): Promise<void> {
  const raffle = await stageForCrashes()
  await everyCrash({
    ...flow,
    stage: () => flow.stage(raffle),
    raffles: () => [raffle],
    holdsMs: STRIPE_HOLDS_MS,
  })
  await expectSameBooks()
}

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

async function stageOrdered(raffle: Staged): Promise<Buying> {
  const buying = await stageBuying(raffle)
  expectStatus(await order(buying, sendSafely), 201)
  return buying
}

/** Does something with each of the buyer's sessions that can still be paid. */
async function withOpenSessions({ buyer }: Buying, act: (id: string) => unknown): Promise<void> {
  for (const { id, status } of await sessionsOf(buyer)) if (status === 'open') act(id)
}

async function payAndTell(buying: Buying, send: Send): Promise<void> {
  await withOpenSessions(buying, (id) => network.stripe.outside.pay(id))
  await tellOnce(send)
}

/** One session at most, none left open, and an order that says whether it was paid. */
async function violations({ buyer }: Buying): Promise<string[]> {
  const sessions = await sessionsOf(buyer)
  const made = await orderOf(buyer)
  const wrong = sessions.length > 1 ? [`${made!.id} has ${sessions.length} sessions`] : []
  if (made === null) return wrong
  const isPaid = sessions.some(({ payment_status: status }) => status === 'paid')
  const right = isPaid ? 'paid' : 'expired'
  if (sessions.some(({ status }) => status === 'open')) wrong.push(`the session of ${made.id} is open`)
  return made.status === right ? wrong : [...wrong, `${made.id} is ${made.status}, not ${right}`]
}

const stageBought = async (raffle: Staged) => ({
  raffle,
  key: newKey(),
  ...(await boughtBy(network.stripe, raffle)),
})
type Bought = Awaited<ReturnType<typeof stageBought>>

/** The charge has one refund that arrived, unless none was recorded, and each recorded one is paid. */
async function wrongRefunds({ order: bought, charge }: Bought): Promise<string[]> {
  const rows = await refundsOf(bought.id)
  const arrived = network.stripe.books
    .all('refund')
    .filter((each) => each.charge === charge && each.status === 'succeeded')
  const wrong =
    arrived.length === Math.min(rows.length, 1) ? [] : [`${bought.id} was refunded ${arrived.length} times`]
  const unpaid = rows.filter(({ status }) => status !== 'paid')
  return [...wrong, ...unpaid.map(({ id, status }) => `${id} of ${bought.id} is ${status}`)]
}

describe('a process that dies at any call loses and repeats nothing', { timeout: 180_000 }, () => {
  it('while a buyer is sent to Stripe, and pays there', async () => {
    await everyDeath({
      stage: stageBuying,
      act: async (buying, send) => {
        try {
          expectStatus(await order(buying, send), 201)
        } finally {
          await payAndTell(buying, sendSafely)
        }
      },
      wrong: violations,
    })
  })

  it('while it handles the event of a payment', async () => {
    await everyDeath({ stage: stageOrdered, act: payAndTell, wrong: violations })
  })

  it('while it handles the event of a session that has expired', async () => {
    await everyDeath({
      stage: stageOrdered,
      act: async (buying, send) => {
        await withOpenSessions(buying, (id) => network.stripe.outside.expire(id))
        await tellOnce(send)
      },
      wrong: violations,
    })
  })

  it.each([
    ['ends a session that nobody has paid', false],
    ['ends a session that is paid at this moment', true],
  ])('in the sweep that %s', async (_, isPaidMeanwhile) => {
    await everyDeath({
      stage: async (raffle) => {
        const buying = await stageOrdered(raffle)
        const [session] = await sessionsOf(buying.buyer)
        if (isPaidMeanwhile) {
          network.stripe.before(`POST /v1/checkout/sessions/${session!.id}/expire`, () => {
            network.stripe.outside.pay(session!.id)
          })
        }
        at(Date.now() + 32 * MINUTE)
        return buying
      },
      act: (_, send) => sendWith(send, (bindings) => runSweep(environment(bindings), Date.now())),
      sweeps: true,
      meanwhile: tellAgain,
      wrong: violations,
    })
  })

  it('while it refunds a payment', async () => {
    await everyDeath({
      stage: stageBought,
      act: async ({ raffle, order: bought, key }, send) =>
        expectStatus(
          await sendWith(send, (bindings) => refund(raffle.operator, bought.id, {}, key, { bindings })),
          201,
        ),
      meanwhile: tellAgain,
      wrong: wrongRefunds,
    })
  })

  it('while a refund comes back from the bank of the payer', async () => {
    await everyDeath({
      stage: async (raffle) => {
        const bought = await stageBought(raffle)
        expectStatus(await refund(raffle.operator, bought.order.id), 201)
        await tell(sendSafely)
        return bought
      },
      act: async ({ charge }, send) => {
        const made = network.stripe.books.all('refund').filter((each) => each.charge === charge)
        if (made.length === 1 && made[0]!.status === 'succeeded') {
          network.stripe.outside.failRefund(made[0]!.id)
        }
        await tell(send)
      },
      meanwhile: tellAgain,
      rounds: 5,
      wrong: wrongRefunds,
    })
  })

  it('while a payer disputes a payment', async () => {
    await everyDeath({
      stage: stageBought,
      act: async ({ charge }, send) => {
        if (!network.stripe.books.find(charge, 'charge')!.disputed) network.stripe.outside.dispute(charge)
        await tell(send)
      },
      meanwhile: tellAgain,
      wrong: async ({ buyer, order: bought }) => {
        const rows = await refundsOf(bought.id)
        const made = await orderOf(buyer)
        const isRight = rows.length === 1 && rows[0].status === 'paid' && made!.status === 'refunded'
        return isRight ? [] : [`${bought.id} is ${made!.status} with ${rows.length} refunds`]
      },
    })
  })
})
