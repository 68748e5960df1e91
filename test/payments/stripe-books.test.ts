// Buyers, banks, people at Stripe's dashboard and a bad network act at random. Whatever they do, our till is what Stripe's own
// books say, nobody pays without tickets or the money back, and no refund is sent twice.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { refund } from '../checkout/checkout.ts'
import type { Thing } from '../fakes/stripe/books.ts'
import type { Fault } from '../fakes/stripe/stripe.ts'
import { allowLogged } from '../harness/log.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import {
  as,
  at,
  HOUR,
  iso,
  MINUTE,
  NOW,
  newKey,
  SECOND,
  type Staged,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'
import { seededBelow } from '../tickets/seeded-random.ts'
import { all, buyBy, post, stageSale, till, useStripe } from './stripe-stage.ts'

useClock()
const network = useStripe()

const MOVES = 60
const REQUESTS = [
  'POST /v1/checkout/sessions',
  'GET /v1/checkout/sessions/*',
  'POST /v1/checkout/sessions/*/expire',
  'POST /v1/refunds',
  'GET /v1/refunds',
]
const FAULTS: Fault[] = ['timeout', 'lost', '500', '429']

interface World {
  below: (limit: number) => number
  raffle: Staged
  buyers: Person[]
  /** Events that the network keeps back, to be sent later and in another order. */
  late: Thing[]
  notes: string[]
}

const pick = <Item>({ below }: World, items: readonly Item[]): Item | undefined =>
  items[below(Math.max(1, items.length))]
const recent = (kind: Parameters<typeof network.stripe.books.all>[0]) =>
  network.stripe.books.all(kind).slice(0, 8)

/**
 * Sends what Stripe has to say: now, late, twice, or never if polls find it too. A refused event is sent again, as Stripe
 * does.
 */
async function deliver(world: World, isEnd = false): Promise<void> {
  const events = [
    ...network.stripe.events,
    ...(isEnd || world.below(3) === 0 ? world.late.splice(0).reverse() : []),
  ]
  network.stripe.outside.events = []
  for (const event of events) {
    const how = isEnd ? 9 : world.below(10)
    if (how === 0 && event.type.startsWith('checkout.')) continue
    if (how <= 2) world.late.push(event)
    else {
      const { status } = await post(event)
      if (status !== 200 || how === 3) world.late.push(event)
    }
  }
}

const MOVE: Record<string, (world: World) => Promise<unknown>> = {
  buys: async (world) => {
    const key = newKey()
    const buyer = pick(world, world.buyers)!
    const quantity = 1 + world.below(3)
    const answers = [await buyBy(buyer, world.raffle, { key, quantity })]
    if (world.below(4) === 0) answers.push(await buyBy(buyer, world.raffle, { key, quantity }))
    return answers
  },
  pays: async (world) => {
    const open = recent('checkout.session').filter(({ status }) => status === 'open')
    const session = pick(world, open)
    if (session === undefined) return
    network.stripe.outside.pay(session.id, world.below(10) === 0 ? { amount: 100 } : {})
  },
  'pays while it expires': async () => {
    const session = recent('checkout.session').find(({ status }) => status === 'open')
    if (session === undefined) return
    network.stripe.before('POST /v1/checkout/sessions/*/expire', () => {
      if (session.status === 'open') network.stripe.outside.pay(session.id)
    })
  },
  cancels: async (world) => {
    const buyer = pick(world, world.buyers)!
    const { data } = (await as(buyer, 'GET', '/orders?status=pending')).body
    if (data[0] !== undefined) await as(buyer, 'POST', `/orders/${data[0].id}/cancel`)
  },
  'is refunded': async (world) => {
    const buyer = pick(world, world.buyers)!
    const { data } = (await as(buyer, 'GET', '/orders?status=paid')).body
    if (data[0] !== undefined) await refund(world.raffle.operator, data[0].id)
  },
  'is refunded in the dashboard': async (world) => {
    const charge = pick(world, recent('charge'))
    const left = charge === undefined ? 0 : charge.amount - charge.amount_refunded
    if (left > 0 && !charge!.disputed) network.stripe.outside.refund(charge!.id, left)
  },
  'has a slow bank': async ({ below }) => {
    network.stripe.outside.refundsAre = below(2) === 0 ? 'pending' : undefined
    for (const { id, status } of recent('refund')) {
      if (status === 'pending') network.stripe.outside.settleRefund(id)
    }
  },
  'has a bank that refuses a refund': async (world) => {
    const ours = recent('refund').filter(
      ({ metadata, status }) => metadata.refundId && status === 'succeeded',
    )
    const found = pick(world, ours)
    if (found !== undefined) network.stripe.outside.failRefund(found.id)
  },
  disputes: async (world) => {
    const charge = pick(world, recent('charge'))
    if (charge !== undefined && !charge.disputed) {
      network.stripe.outside.dispute(charge.id, { isInquiry: world.below(4) === 0 })
    }
  },
  'wins a dispute': async (world) => {
    const open = recent('dispute').filter(({ status }) => status === 'needs_response')
    const found = pick(world, open)
    if (found !== undefined) network.stripe.outside.winDispute(found.id)
  },
  'loses the network': async (world) => {
    network.stripe.misbehave(pick(world, REQUESTS)!, pick(world, FAULTS)!)
  },
  waits: async ({ below }) => {
    at(Date.now() + [20 * SECOND, MINUTE, 10 * MINUTE, 32 * MINUTE][below(4)]!)
    network.stripe.outside.passTime()
    await sweep()
  },
}
const WEIGHTED = Object.keys(MOVE).flatMap((name) =>
  Array.from({ length: { buys: 5, pays: 6, waits: 5, 'is refunded': 2 }[name] ?? 1 }, () => name),
)

async function play(seed: number): Promise<void> {
  at(NOW)
  const tillBefore = await till()
  const buyers = await Promise.all(Array.from({ length: 4 }, () => registerPlayer()))
  const raffle = await stageSale({
    closesAt: iso(NOW + 240 * HOUR),
    drawAt: iso(NOW + 260 * HOUR),
    maxPerUser: null,
  })
  const world: World = { below: seededBelow(seed), raffle, buyers, late: [], notes: [] }
  const checkBooks = async (when: string) =>
    expect([when, await audit(env, { raffles: [raffle.id], settled: false }), world.notes]).toEqual([
      when,
      [],
      world.notes,
    ])
  for (let move = 0; move < MOVES; move++) {
    const name = pick(world, WEIGHTED)!
    world.notes.push(name)
    await MOVE[name]!(world)
    await deliver(world)
    if (move % 15 === 0) await checkBooks(`after move ${move}`)
  }
  // The network is well again. Stripe repeats what was not received, and every timer runs out.
  network.stripe.heal()
  network.stripe.outside.refundsAre = undefined
  for (let hour = 0; hour < 10; hour++) {
    at(Date.now() + HOUR)
    network.stripe.outside.passTime()
    await MOVE['has a slow bank']!({ ...world, below: () => 1 })
    await deliver(world, true)
    await sweep()
  }
  await checkBooks('at the end')
  expect([seed, (await till()) - tillBefore, world.notes]).toEqual([
    seed,
    network.stripe.books.balanceOf('usd'),
    world.notes,
  ])
  const keys = network.stripe.books
    .all('refund')
    .filter(({ status }) => status === 'succeeded')
    .flatMap(({ metadata }) => metadata.refundId ?? [])
  expect(keys).toEqual([...new Set(keys)])
  const unpaid = await all(
    `SELECT id, status FROM orders WHERE user_id IN (SELECT value FROM json_each(?)) AND status = 'pending'`,
    JSON.stringify(buyers.map(({ id }) => id)),
  )
  expect(unpaid).toEqual([])
}

it.each([1, 2, 3, 4, 5, 6])(
  'the till equals Stripe’s balance, whatever happens (seed %i)',
  { timeout: 120_000 },
  async (seed) => {
    allowLogged(
      /a payment could not be (started|stopped)|a provider could not be reached|refund not (resumed|sent yet)/,
      /a webhook was stored and not acted on|a provider reports money that does not match our records/,
    )
    await play(seed)
  },
)
