// The last part of a simulation: raffles and goods that are paid by every provider, winners and an organisation that are paid by
// each of them, and networks that fail. At the end the books of M-Pesa and Stripe must equal ours.
import { env } from 'cloudflare:workers'
import { stageProduct } from '../../catalog/shelf.ts'
import { signedInAdmin } from '../../harness/people.ts'
import { at, HOUR, iso, ringAlarm, type Staged, stageRaffle } from '../../raffles/scenario.ts'
import { finish, sweepUntilIdle } from '../ending.ts'
import {
  cancelsOrder,
  delivers,
  newOrderRequest,
  paysAgain,
  paysByHand,
  paysOnPage,
  reconciles,
  refunds,
  repeats,
  sandboxFails,
  sweeps,
  unitsOf,
} from '../moves.ts'
import { dealsWithPayout, requestsOrganiserPayout } from '../payouts.ts'
import { requestsShopPayout } from '../shop.ts'
import { type Move, step, times, type Weighted } from '../step.ts'
import { dealsWithPrize } from '../winners.ts'
import { CURRENCY, type World } from '../world.ts'
import { wrongAtEnd, wrongNow } from './books.ts'
import { OF_NETWORKS, OF_PAYERS, OF_TRANSFERS, type WeightedAt } from './moves.ts'
import { ProviderNetwork } from './network.ts'
import { manageProviders } from './people.ts'

const STEPS_MIN = 60
const STEPS_MORE = 20
const FIRST_ORDERS = 6
const PRIZE_STEPS_MIN = 16
const PRIZE_STEPS_MORE = 8
const AUDIT_PERCENT = 4
/** What the organisation pays in at M-Pesa and at Stripe, so that each can pay prizes. */
const TOP_UP = 100_000

const EVERYWHERE = { providers: ['sandbox', 'manual', 'mpesa', 'stripe'] }
const money = (amount: number) => ({ amount, currency: CURRENCY })

export async function sellByEveryProvider(world: World): Promise<void> {
  // The moves of orders find those of this sale alone.
  world.orderRequests.length = 0
  world.isEverywhere = true
  world.note('a sale by every provider')
  const network = new ProviderNetwork(world)
  await openAccounts(world, network)
  await openSale(world)
  const steps = STEPS_MIN + world.below(STEPS_MORE)
  const moves = [...bound(world, network, [...OF_NETWORKS, ...OF_PAYERS]), ...OF_SALE]
  for (let count = 0; count < steps && world.wrong.length === 0; count++) {
    await step(world, () => (world.orderRequests.length < FIRST_ORDERS ? ONLY_ORDERS : moves))
    if (world.chance(AUDIT_PERCENT)) await check(world, network)
  }
  if (world.wrong.length > 0) return
  await check(world, network)
  world.bringSandboxBack()
  for (const webhook of world.webhooks) await world.deliver(webhook)
  world.meanwhile = () => network.catchUp()
  // Refunds wait for money that the organisation was paid out.
  await payIn(world, network)
  // The raffles are drawn.
  await sweepUntilIdle(world)
  const prizeMoves = [...bound(world, network, [...OF_NETWORKS, ...OF_TRANSFERS]), ...OF_PRIZES]
  const prizeSteps = PRIZE_STEPS_MIN + world.below(PRIZE_STEPS_MORE)
  for (let count = 0; count < prizeSteps && world.wrong.length === 0; count++)
    await step(world, () => prizeMoves)
  await check(world, network)
  if (world.wrong.length > 0) return
  world.bringSandboxBack()
  network.heal()
  world.manage = () => manageProviders(world, network)
  await finish(world)
  world.wrong.push(...(await wrongAtEnd(network)))
}

const bound = (world: World, network: ProviderNetwork, moves: readonly WeightedAt[]): Weighted[] =>
  moves.map(([weight, choose]) => [weight, () => choose(world, network)])

async function check(world: World, network: ProviderNetwork): Promise<void> {
  world.wrong.push(...(await world.audit(false)), ...(await wrongNow(network)))
}

/** The organisation and every buyer have an account at Stripe. */
async function openAccounts(world: World, network: ProviderNetwork): Promise<void> {
  const open = async (path: string, person: (typeof world.buyers)[number], ownerId: string) => {
    const { status, body } = await world.call(person, 'POST', `${path}/stripe-account`, { country: 'KE' })
    if (status !== 200) world.wrong.push(`an account at Stripe was answered ${status}`)
    world.accounts.set(ownerId, body.accountId)
    network.stripe.outside.finishSetUp(body.accountId)
  }
  for (const buyer of world.buyers) await open('/users/me', buyer, buyer.id)
  await open(`/organisations/${world.organisation.id}`, world.operator, world.organisation.id)
  await network.tell()
}

/** A refund of one ticket of the second raffle is too small for M-Pesa to send it to a phone. */
async function openSale(world: World): Promise<void> {
  const closesAt = Date.now() + (1 + world.below(3)) * HOUR
  const terms = {
    ...EVERYWHERE,
    opensAt: iso(Date.now()),
    closesAt: iso(closesAt),
    drawAt: iso(closesAt + 2 * HOUR),
    claimDays: 1 + world.below(2),
    onUnclaimed: world.chance(75) ? 'redraw' : 'keep',
    maxRedraws: 1,
  }
  const share = (quantity: number, shareBps: number) => ({
    title: 'A share',
    quantity,
    kind: 'share',
    value: { shareBps },
  })
  const kinds = [
    {
      title: 'By every provider',
      ticketPrice: money(1_500),
      totalTickets: 15 + world.below(30),
      numbering: 'random',
      rakeBps: world.pick([0, 750]),
      prizes: [share(6, 1_000)],
    },
    {
      title: 'Small change',
      ticketPrice: money(300),
      totalTickets: 40,
      numbering: 'sequential',
      minTickets: world.below(8),
      prizes: [share(3, 1_500), { title: 'A book', quantity: 1 }],
    },
  ]
  world.raffles = await Promise.all(
    kinds.map((each): Promise<Staged> => stageRaffle({ ...terms, ...each }, world.organisation)),
  )
  const stock = 8 + world.below(6)
  const mug = { title: 'A mug', price: money(2_000), stock }
  const { id } = await stageProduct(mug, world.organisation)
  world.products = [id]
  world.stock.set(id, stock)
}

/** Tickets of one raffle or of both, some with a mug. */
const orders = (world: World): Move => {
  const kind = world.below(100)
  const line = ({ id }: Staged) => ({ raffleId: id, quantity: 1 + world.below(3) })
  const [first, second] = world.raffles as [Staged, Staged]
  const lines: Record<string, unknown>[] =
    kind < 45 ? [line(first)] : kind < 70 ? [line(second)] : kind < 85 ? [line(first), line(second)] : []
  if (kind >= 80) lines.push(unitsOf(world, world.products[0]!))
  const request = newOrderRequest(world, lines)
  const count = world.chance(15) ? 2 : 1
  return {
    says: `order ${world.orderRequests.length - 1} of ${lines.length} lines by ${request.body.payment.provider} ×${count}`,
    run: () => times(count, () => world.placeOrder(request)),
  }
}

/** One ticket or mug of an order that was paid by M-Pesa or Stripe. */
const refundsOne = (world: World): Move => {
  const place = Math.min(world.below(8), world.below(8))
  const key = world.newKey()
  return {
    says: `refund one item of a paid order (${place})`,
    run: async () => {
      const paid = `SELECT order_id AS id FROM receipts WHERE provider IN ('mpesa', 'stripe') ORDER BY at DESC`
      const { results } = await env.DB.prepare(paid).all<{ id: string }>()
      const order = results[place % Math.max(1, results.length)]
      if (order === undefined) return
      const { status, body } = await world.call(world.operator, 'GET', `/orders/${order.id}`)
      if (status !== 200) return
      const line =
        body.lines.find(({ tickets }: { tickets: unknown[] }) => tickets.length > 0) ?? body.lines[0]
      const lines = [{ line: line.line, numbers: [line.tickets[0]?.number ?? 1] }]
      const more = { reason: 'One cannot come.', lines }
      const refunded = await world.call(world.operator, 'POST', `/orders/${order.id}/refunds`, more, key)
      world.note(`  refunded → ${refunded.status} ${refunded.body.code ?? ''}`)
    },
  }
}

const cancelsRaffle = (world: World): Move => {
  const index = world.below(2)
  const isMeant = world.chance(20)
  return {
    says: isMeant ? `cancel raffle ${index}` : 'nothing',
    run: async () => {
      const path = `/raffles/${world.raffles[index]!.id}/cancel`
      if (isMeant) await world.call(world.operator, 'POST', path, { reason: 'No venue.' })
    },
  }
}

const alarmsRing = (world: World): Move => ({
  says: 'alarms ring',
  run: () => Promise.all(world.raffles.map(({ pool }) => ringAlarm(pool))),
})

/** Longer than any payment takes. */
const waits = (world: World): Move => {
  const minutes = 10 + world.below(40)
  return {
    says: `${minutes} minutes pass`,
    run: async () => {
      at(Date.now() + minutes * 60_000)
      await world.sweep()
    },
  }
}

const ONLY_ORDERS: readonly Weighted[] = [[1, orders]]
const OF_SALE: readonly Weighted[] = [
  [30, orders],
  [3, repeats],
  [5, paysOnPage],
  [3, paysByHand],
  [5, paysAgain],
  [5, cancelsOrder],
  [8, refunds],
  [16, refundsOne],
  [3, delivers],
  [18, sweeps],
  [4, reconciles],
  [1, sandboxFails],
  [1, cancelsRaffle],
  [1, alarmsRing],
  [3, waits],
  [3, requestsShopPayout],
  [4, dealsWithPayout],
]
const OF_PRIZES: readonly Weighted[] = [
  [14, dealsWithPrize],
  [10, dealsWithPayout],
  [4, requestsOrganiserPayout],
  [4, requestsShopPayout],
  [4, waits],
  [2, refunds],
  [6, refundsOne],
  [14, sweeps],
  [1, sandboxFails],
]

/** An administrator sees in the statements that the organisation has paid in. */
async function payIn(world: World, { daraja, stripe }: ProviderNetwork): Promise<void> {
  const admin = await signedInAdmin()
  daraja.till += TOP_UP / 100
  stripe.outside.topUp(TOP_UP, 'kes')
  for (const provider of ['mpesa', 'stripe', 'sandbox']) {
    const body = { reference: `statement of ${provider}`, provider, amount: money(TOP_UP) }
    await world.call(admin, 'POST', `/organisations/${world.organisation.id}/top-ups`, body)
  }
}
