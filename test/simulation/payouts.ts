// Money that goes out in a simulation: payouts are asked for, approved, cancelled, retried and paid by hand, some of it at
// the same time.
import { env } from 'cloudflare:workers'
import type { Answer } from '../harness/client.ts'
import type { Person } from '../harness/people.ts'
import { type Choose, times } from './step.ts'
import { CURRENCY, type World } from './world.ts'

/** Something that somebody does about a payout. */
type Deed = (world: World, payoutId: string, key: string) => Promise<Answer>

export const approves = (world: World, id: string) =>
  world.ask(world.approver, 'POST', `/payouts/${id}/approve`)
export const retries: Deed = (world, id, key) =>
  world.ask(world.approver, 'POST', `/payouts/${id}/retry`, {}, key)
export const marksPaid = (world: World, id: string) =>
  world.ask(world.operator, 'POST', `/payouts/${id}/mark-paid`, { reference: 'by bank' })
const cancels: Deed = (world, id) => world.ask(world.approver, 'POST', `/payouts/${id}/cancel`)

const DEEDS: Record<string, Deed> = { approves, retries, 'marks as paid': marksPaid, cancels }
const DEED_NAMES = ['approves', 'approves', 'approves', 'retries', 'marks as paid', 'cancels']

/** Each in an order that a seed decides, whatever the ids are. */
const OPEN_PAYOUTS = `SELECT payouts.id FROM payouts LEFT JOIN raffles ON raffles.id = payouts.raffle_id
    LEFT JOIN winners ON winners.id = subject
  WHERE payouts.status NOT IN ('paid', 'cancelled') ORDER BY payouts.kind, title, unit, winners.attempt, key`

export const dealsWithPayout: Choose = (world) => {
  const place = world.below(100)
  const names = [world.pick(DEED_NAMES)!]
  if (world.chance(40)) names.push(world.pick(DEED_NAMES)!)
  const key = world.newKey()
  return {
    says: `somebody ${names.join(' and ')} a payout`,
    run: async () => {
      const { results } = await env.DB.prepare(OPEN_PAYOUTS).all<{ id: string }>()
      const payout = results[place % results.length]
      if (payout === undefined) return
      const answers = await Promise.all(names.map((name) => DEEDS[name]!(world, payout.id, key)))
      world.note(`  payout ${payout.id} → ${answers.map(({ status }) => status).join(', ')}`)
    },
  }
}

export const asksForRest: Choose = (world) => {
  const index = world.below(world.raffles.length)
  const count = 1 + world.below(2)
  const provider = world.pickProvider()
  return {
    says: `what raffle ${index} has left is asked for ×${count}`,
    run: () => times(count, () => askForRest(world, world.raffles[index]!.id, provider)),
  }
}

export function askForRest(world: World, raffleId: string, provider: string): Promise<unknown> {
  const body = { raffleId, provider, destination: 'account 0113' }
  return world.ask(world.operator, 'POST', '/payouts', body, world.newKey())
}

/** More than guaranteed prizes can lack, and banks take back. */
export const topsUp = (world: World, admin: Person) =>
  world.ask(admin, 'POST', `/organisations/${world.organisation.id}/top-ups`, {
    reference: 'by bank',
    amount: { amount: 60_000, currency: CURRENCY },
  })
