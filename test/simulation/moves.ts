// The moves of people and the network while tickets and goods are on sale: orders, payments, refunds, webhooks, faults.
import type { Provider } from '../../src/money/provider-name.ts'
import { type Person, signedInAdmin } from '../harness/people.ts'
import { ringAlarm, SECOND } from '../raffles/scenario.ts'
import { MAIL_FAULTS } from './mailer.ts'
import { dealsWithPayout } from './payouts.ts'
import {
  fulfils,
  grants,
  grantsAgain,
  requestsShopPayout,
  restocks,
  revokes,
  verifiesAddress,
} from './shop.ts'
import { type Choose, NOTHING, recent, step, type Weighted } from './step.ts'
import { CURRENCY, newWebhook, type OrderRequest, type Try, type World } from './world.ts'

const PAGE_BUTTONS = ['approve', 'approve', 'approve', 'decline', 'later', 'twice'] as const

function newTry(world: World, by?: 'manual'): Try {
  const provider = by ?? world.pickPaidBy()
  const phone = provider === 'sandbox' && world.chance(20) ? { phone: '+254700000000' } : {}
  return { key: world.newKey(), body: { provider, ...phone }, paymentId: null, page: null, isTouched: false }
}

function ticketsOf(world: World, index: number): Record<string, unknown> {
  const raffleId = world.raffles[index]!.id
  if (index !== 2) return { raffleId, quantity: 1 + world.below(3) }
  const first = 1 + world.below(23)
  return { raffleId, numbers: world.chance(50) ? [first] : [first, first + 2] }
}

export const unitsOf = (world: World, productId: string) => ({ productId, quantity: 1 + world.below(2) })

/** Tickets of one raffle or of all, a product, or some of both. */
function newCart(world: World): Record<string, unknown>[] {
  const kind = world.below(100)
  const from = world.below(world.raffles.length)
  if (kind < 40) return [ticketsOf(world, from)]
  if (kind < 60) return world.raffles.map((_, at) => ticketsOf(world, (from + at) % world.raffles.length))
  if (kind < 75) return [unitsOf(world, world.pick(world.products)!)]
  const products = world.chance(50) ? world.products : [world.pick(world.products)!]
  return [ticketsOf(world, from), ...products.map((id) => unitsOf(world, id))]
}

const destinationOf = (lines: Record<string, unknown>[]) =>
  lines.some((line) => 'productId' in line) ? { pickup: true } : {}

/** M-Pesa prompts on the buyer's own phone. */
function addPhone(world: World, { body }: Try, buyer: Person): void {
  if (body.provider === 'mpesa') body.phone = world.phoneOf(buyer)
}

export function newOrderRequest(world: World, lines: Record<string, unknown>[], by?: 'manual'): OrderRequest {
  const first = newTry(world, by)
  const payment = first.body
  const shape =
    lines.length === 1 && 'raffleId' in lines[0]! && world.chance(70)
      ? { path: '/tickets/purchase' as const, body: { ...lines[0], payment } }
      : { path: '/orders' as const, body: { lines, payment, ...destinationOf(lines) } }
  const buyer = world.pick(world.buyers)!
  addPhone(world, first, buyer)
  const request = { buyer, key: first.key, ...shape, orderId: null, tries: [first], isPaying: false }
  world.orderRequests.push(request)
  return request
}

const buys: Choose = (world) => {
  const lines = newCart(world)
  const request = newOrderRequest(world, lines)
  const times = world.chance(15) ? 2 : 1
  return {
    says: `order ${world.orderRequests.length - 1} of ${lines.length} lines by ${request.body.payment.provider}${times > 1 ? ', twice at once' : ''}`,
    run: () => Promise.all(Array.from({ length: times }, () => world.placeOrder(request))),
  }
}

export const repeats: Choose = (world) => {
  const request = recent(world, world.orderRequests)
  if (request === undefined) return NOTHING
  return {
    says: `order ${world.orderRequests.indexOf(request)} again by its key`,
    run: () => world.placeOrder(request),
  }
}

/** A try by `provider`, usually one that nobody has acted on yet. */
export function openTry(world: World, provider: Provider): { request: OrderRequest; tried: Try } | undefined {
  const all = world.orderRequests.flatMap((request) => request.tries.map((tried) => ({ request, tried })))
  const mine = all.filter(({ tried }) => tried.body.provider === provider)
  const untouched = mine.filter(({ tried }) => !tried.isTouched)
  const found = recent(world, world.chance(80) ? untouched : mine)
  if (found !== undefined) found.tried.isTouched = true
  return found
}

export const paysOnPage: Choose = (world) => {
  const action = world.pick(PAGE_BUTTONS)!
  const delivery = world.pick(['now', 'now', 'now', 'late', 'late', 'lost'] as const)!
  const found = openTry(world, 'sandbox')
  if (found === undefined) return NOTHING
  const { request, tried } = found
  if (action !== 'decline') request.isPaying = true
  const webhook = newWebhook()
  world.webhooks.push(webhook)
  return {
    says: `${action} order ${world.orderRequests.indexOf(request)} by its try ${request.tries.indexOf(tried)}, webhook ${delivery}`,
    run: async () => tried.page !== null && world.decide(tried.page, action, delivery, webhook),
  }
}

/** A payer may dispute a payment with the bank, whatever the order's outcome. */
export const disputes: Choose = (world) => {
  const paid = world.orderRequests.filter(
    ({ isPaying, tries }) => isPaying && tries.some(({ body }) => body.provider === 'sandbox'),
  )
  const request = recent(world, paid)
  const delivery = world.pick(['now', 'now', 'late'] as const)!
  const times = 1 + world.below(2)
  if (request === undefined) return NOTHING
  const webhook = newWebhook()
  world.webhooks.push(webhook)
  return {
    says: `dispute order ${world.orderRequests.indexOf(request)} ×${times}, webhook ${delivery}`,
    run: async () => {
      for (const { page } of request.tries) {
        if (page === null) continue
        await Promise.all(
          Array.from({ length: times }, () => world.decide(page, 'dispute', delivery, webhook)),
        )
      }
    },
  }
}

export const paysByHand: Choose = (world) => {
  const isOther = world.chance(33)
  const amount = world.chance(10) ? { amount: { amount: 500 + world.below(1_000), currency: CURRENCY } } : {}
  const times = world.chance(40) ? 2 : 1
  const found = openTry(world, 'manual')
  if (found === undefined) return NOTHING
  const { request, tried } = found
  request.isPaying = true
  const reference = `bank ${isOther ? 'other ' : ''}${tried.key}`
  const record = async () => {
    if (tried.paymentId === null) return
    const path = `/payments/${tried.paymentId}/receipts`
    const { status, body } = await world.call(world.operator, 'POST', path, { reference, ...amount })
    world.note(`  recorded → ${status} ${status < 400 ? '' : body.code}`)
  }
  return {
    says: `record ${JSON.stringify(amount)} for order ${world.orderRequests.indexOf(request)} as “${reference}” ×${times}`,
    run: () => Promise.all(Array.from({ length: times }, record)),
  }
}

export const paysAgain: Choose = (world) => {
  const request = recent(world, world.orderRequests)
  const again = newTry(world)
  if (request === undefined) return NOTHING
  addPhone(world, again, request.buyer)
  request.tries.push(again)
  return {
    says: `another try for order ${world.orderRequests.indexOf(request)} by ${again.body.provider}`,
    run: () => world.payAgain(request, again),
  }
}

/** A cancelled order may still be paid: its payment page was open in another tab. */
export const cancelsOrder: Choose = (world) => {
  const paying = world.orderRequests.filter(({ isPaying }) => isPaying)
  const request = recent(world, world.chance(50) ? paying : world.orderRequests)
  const paysAnyway = world.chance(50)
  if (request === undefined) return NOTHING
  const webhook = newWebhook()
  if (paysAnyway) {
    request.isPaying = true
    world.webhooks.push(webhook)
  }
  return {
    says: `cancel order ${world.orderRequests.indexOf(request)}${paysAnyway ? ' and pay it anyway' : ''}`,
    run: async () => {
      if (request.orderId === null) return
      const { status } = await world.call(request.buyer, 'POST', `/orders/${request.orderId}/cancel`)
      world.note(`  cancelled → ${status}`)
      const page = request.tries.at(-1)?.page ?? null
      if (paysAnyway && page !== null) await world.decide(page, 'approve', 'now', webhook)
    },
  }
}

interface OrderedLine {
  line: number
  productId: string | null
  quantity: number
  tickets: { number: number }[]
}

/** The line's ticket numbers; the units of a product count from 1. */
const itemsOf = ({ productId, quantity, tickets }: OrderedLine): number[] =>
  productId === null
    ? tickets.map(({ number }) => number)
    : Array.from({ length: quantity }, (_, at) => at + 1)

export const refunds: Choose = (world) => {
  const paying = world.orderRequests.filter(({ isPaying }) => isPaying)
  const request = recent(world, world.chance(90) ? paying : world.orderRequests)
  const isFull = world.chance(40)
  const place = world.below(4)
  const count = 1 + world.below(2)
  const keys = world.chance(40) ? [world.newKey(), world.newKey()] : [world.newKey()]
  if (world.chance(50)) keys.push(keys[0]!)
  if (request === undefined) return NOTHING
  const refund = async () => {
    if (request.orderId === null) return
    const { status, body: order } = await world.call(world.operator, 'GET', `/orders/${request.orderId}`)
    // Time may have passed at the same time, so that the token has expired.
    if (status !== 200) return
    const chosen: OrderedLine = order.lines[place % order.lines.length]
    const numbers = itemsOf(chosen).slice(0, count)
    const lines = isFull || numbers.length === 0 ? {} : { lines: [{ line: chosen.line, numbers }] }
    const path = `/orders/${request.orderId}/refunds`
    const body = { reason: 'The buyer cannot come.', ...lines }
    const answers = await Promise.all(keys.map((key) => world.call(world.operator, 'POST', path, body, key)))
    world.note(
      `  refunded → ${answers.map(({ status, body: { code } }) => `${status} ${code ?? ''}`).join(', ')}`,
    )
  }
  return {
    says: `refund order ${world.orderRequests.indexOf(request)} ${isFull ? 'in full' : `${count} items`} by ${keys.join(', ')}`,
    run: refund,
  }
}

const cancelsRaffle: Choose = (world) => {
  const index = world.below(world.raffles.length)
  const isMeant = world.isLate && world.chance(20)
  const times = 1 + world.below(2)
  if (!isMeant) return NOTHING
  const cancel = () =>
    world.call(world.operator, 'POST', `/raffles/${world.raffles[index]!.id}/cancel`, { reason: 'No venue.' })
  return {
    says: `cancel raffle ${index}`,
    run: () => Promise.all(Array.from({ length: times }, cancel)),
  }
}

const closesEarly: Choose = (world) => {
  const index = world.below(world.raffles.length)
  if (!(world.isLate && world.chance(20))) return NOTHING
  return {
    says: `close raffle ${index} early`,
    run: () => world.call(world.operator, 'POST', `/raffles/${world.raffles[index]!.id}/close`, {}),
  }
}

export const delivers: Choose = (world) => {
  const webhook = recent(world, world.webhooks)
  const times = 1 + world.below(2)
  if (webhook === undefined) return NOTHING
  return {
    says: `webhook ${world.webhooks.indexOf(webhook)} arrives ×${times}`,
    run: () => Promise.all(Array.from({ length: times }, () => world.deliver(webhook))),
  }
}

export const sweeps: Choose = (world) => {
  const times = world.chance(30) ? 2 : 1
  return {
    says: `sweep ×${times}`,
    run: () => Promise.all(Array.from({ length: times }, () => world.sweep())),
  }
}

export const alarmRings: Choose = (world) => {
  const { id, pool } = world.pick([...world.raffles, world.earned])!
  return { says: `the alarm of ${id} rings`, run: () => ringAlarm(pool) }
}

export const reconciles: Choose = (world) => {
  const tried = recent(world, world.orderRequests)?.tries.at(-1)
  if (tried === undefined) return NOTHING
  return {
    says: `reconcile the try ${tried.key}`,
    run: async () =>
      tried.paymentId !== null &&
      world.call(world.operator, 'POST', `/payments/${tried.paymentId}/reconcile`),
  }
}

const replays: Choose = (world) => {
  const tried = recent(world, world.orderRequests)?.tries[0]
  const status = world.pick(['approved', 'declined', 'later', 'disputed'])
  if (tried === undefined) return NOTHING
  return {
    says: `replay a webhook of the try ${tried.key}`,
    run: async () => {
      if (tried.paymentId === null) return
      const path = `/payments/webhooks/sandbox/evt-${tried.paymentId}-${status}/replay`
      await world.call(await signedInAdmin(), 'POST', path)
    },
  }
}

export const sandboxFails: Choose = (world) => {
  const seconds = 20 + world.below(400)
  const losesAnswers = seconds % 2 === 1
  return {
    says: `the sandbox ${losesAnswers ? 'loses its responses' : 'cannot be reached'} for ${seconds} s`,
    run: async () => {
      world[losesAnswers ? 'answersLostUntil' : 'downUntil'] = Date.now() + seconds * SECOND
    },
  }
}

const mailFails: Choose = (world) => {
  const seconds = 60 + world.below(1_200)
  const how = world.pick(MAIL_FAULTS)!
  return {
    says: `the mail provider ${how} for ${seconds} s`,
    run: async () => world.mailer.fail(how, Date.now() + seconds * SECOND),
  }
}

/** What happens to orders of any kind. */
export const OF_ORDERS: readonly Weighted[] = [
  [3, repeats],
  [24, paysOnPage],
  [8, paysByHand],
  [4, disputes],
  [4, paysAgain],
  [5, cancelsOrder],
  [6, refunds],
  [7, delivers],
  [8, sweeps],
  [3, reconciles],
  [2, sandboxFails],
  [2, mailFails],
]
const MOVES: readonly Weighted[] = [
  [22, buys],
  [3, repeats],
  [24, paysOnPage],
  [8, paysByHand],
  [4, disputes],
  [6, paysAgain],
  [6, cancelsOrder],
  [10, refunds],
  [4, cancelsRaffle],
  [2, closesEarly],
  [7, delivers],
  [8, sweeps],
  [2, alarmRings],
  [4, reconciles],
  [1, replays],
  [2, sandboxFails],
  [4, restocks],
  [6, fulfils],
  [4, mailFails],
  [5, grants],
  [2, grantsAgain],
  [3, revokes],
  [1, verifiesAddress],
  [3, requestsShopPayout],
  [3, dealsWithPayout],
]
const ONLY_ORDERS: readonly Weighted[] = [[1, buys]]
const FIRST_ORDERS = 4

export const sell = (world: World): Promise<void> =>
  step(world, () => (world.orderRequests.length < FIRST_ORDERS ? ONLY_ORDERS : MOVES))
