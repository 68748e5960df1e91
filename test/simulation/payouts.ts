// The payouts of a simulation: people request, approve, cancel, retry and pay them by hand, sometimes at the same time.
import { env } from 'cloudflare:workers'
import type { Provider } from '../../src/money/provider-name.ts'
import type { Answer } from '../harness/client.ts'
import type { Person } from '../harness/people.ts'
import { type Choose, times } from './step.ts'
import { CURRENCY, type World } from './world.ts'

/** A request about a payout. */
type Action = (world: World, payoutId: string, key: string) => Promise<Answer>

export const approves = (world: World, id: string) =>
  world.call(world.approver, 'POST', `/payouts/${id}/approve`)
export const retries: Action = (world, id, key) =>
  world.call(world.approver, 'POST', `/payouts/${id}/retry`, {}, key)
export const marksPaid = (world: World, id: string) =>
  world.call(world.operator, 'POST', `/payouts/${id}/mark-paid`, { reference: 'by bank' })
const cancels: Action = (world, id) => world.call(world.approver, 'POST', `/payouts/${id}/cancel`)

const ACTIONS: Record<string, Action> = { approves, retries, 'marks as paid': marksPaid, cancels }
const ACTION_NAMES = ['approves', 'approves', 'approves', 'retries', 'marks as paid', 'cancels']

/** In an order that depends on the seed and not on the ids. */
const OPEN_PAYOUTS = `SELECT payouts.id FROM payouts LEFT JOIN raffles ON raffles.id = payouts.raffle_id
    LEFT JOIN winners ON winners.id = subject
  WHERE payouts.status NOT IN ('paid', 'cancelled') ORDER BY payouts.kind, title, unit, winners.attempt, key`

export const dealsWithPayout: Choose = (world) => {
  const place = world.below(100)
  const names = [world.pick(ACTION_NAMES)!]
  if (world.chance(40)) names.push(world.pick(ACTION_NAMES)!)
  const key = world.newKey()
  return {
    says: `a payout: ${names.join(' and ')}`,
    run: async () => {
      const { results } = await env.DB.prepare(OPEN_PAYOUTS).all<{ id: string }>()
      const payout = results[place % results.length]
      if (payout === undefined) return
      const answers = await Promise.all(names.map((name) => ACTIONS[name]!(world, payout.id, key)))
      world.note(`  payout ${payout.id} → ${answers.map(({ status }) => status).join(', ')}`)
    },
  }
}

export const requestsOrganiserPayout: Choose = (world) => {
  const index = world.below(world.raffles.length)
  const count = 1 + world.below(2)
  const provider = world.pickProvider()
  return {
    says: `the organiser requests the payout of raffle ${index} ×${count}`,
    run: () => times(count, () => requestOrganiserPayout(world, world.raffles[index]!.id, provider)),
  }
}

export function requestOrganiserPayout(world: World, raffleId: string, provider: Provider): Promise<unknown> {
  const body = {
    raffleId,
    provider,
    destination: world.destinationOf(provider, world.organisation.id, 'account 0113'),
  }
  return world.call(world.operator, 'POST', '/payouts', body, world.newKey())
}

/** The operator records the price of a product as paid by hand, and asks the sandbox for all that the shop earned. */
export async function drawsOnAnotherTill(world: World): Promise<void> {
  const lines = [{ productId: world.products[0], quantity: 1 }]
  const [buyer] = world.buyers
  const wanted = { lines, payment: { provider: 'manual' }, pickup: true }
  const { status, body: order } = await world.call(buyer!, 'POST', '/orders', wanted, world.newKey())
  if (status !== 201) return
  const receipt = { reference: 'in the box' }
  await world.call(world.operator, 'POST', `/payments/${order.payment.id}/receipts`, receipt)
  const where = { provider: 'sandbox', destination: 'account 0115' }
  const body = { organisationId: world.organisation.id, currency: CURRENCY, ...where }
  const asked = await world.call(world.operator, 'POST', '/payouts', body, world.newKey())
  world.note(`  money by hand is asked from the sandbox → ${asked.status}`)
  if (asked.status === 201) await approves(world, asked.body.id)
}

/** More than guaranteed prizes can lack, disputes can cost, and buyers can have paid by hand. */
export const topsUp = (world: World, admin: Person) =>
  world.call(admin, 'POST', `/organisations/${world.organisation.id}/top-ups`, {
    reference: 'statement 1',
    provider: 'sandbox',
    amount: { amount: 60_000, currency: CURRENCY },
  })
