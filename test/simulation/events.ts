// An event at the end of a simulation: people get admissions, wait for them, give them away and back, and go in with them,
// while the organiser changes capacities, postpones the event or cancels it. Then everything settles once more.
import { env } from 'cloudflare:workers'
import type { Person } from '../harness/people.ts'
import { at, HOUR, MINUTE } from '../raffles/scenario.ts'
import { scans, scansAgain, sendsLate, undoes } from './door-moves.ts'
import { racesAtTheDoor } from './door-races.ts'
import { finish } from './ending.ts'
import { auditEvent } from './event-audit.ts'
import {
  alarmsRing,
  asksForMoney,
  cancelEvent,
  changesCapacity,
  makesRoom,
  orders,
  passTime,
  postpones,
  returns,
  takesFree,
  waits,
} from './event-moves.ts'
import { allSold, type Event, publish, ringAll, type WeightedOf } from './event-stage.ts'
import { accept, answersOffer, offer, offersTicket } from './gift-moves.ts'
import { OF_ORDERS, paysOnPage } from './moves.ts'
import { callTheRoll } from './roll-call.ts'
import { step, type Weighted } from './step.ts'
import { allJoin, buysOffered, declines, hoards, joins, leaves, paysLate } from './waiting-moves.ts'
import type { World } from './world.ts'

const STEPS_MIN = 46
const STEPS_MORE = 12
const AUDIT_PERCENT = 6
const FIRST_STEPS = 12
/** Steps after the cancellation of an event that is cancelled. */
const LAST_STEPS = 5
/** Tickets that are offered to somebody just before the event begins. */
const LAST_OFFERS = 4

const FIRST: readonly WeightedOf[] = [
  [5, orders],
  [3, takesFree],
  [5, paysOnPage],
]
const MOVES: readonly WeightedOf[] = [
  ...OF_ORDERS,
  [24, orders],
  [14, takesFree],
  [24, returns],
  [14, changesCapacity],
  [30, makesRoom],
  [8, postpones],
  [18, asksForMoney],
  [9, waits],
  [9, paysLate],
  [4, alarmsRing],
  [34, joins],
  [5, leaves],
  [40, buysOffered],
  [14, declines],
  [5, hoards],
  [16, scans],
  [10, scansAgain],
  [9, sendsLate],
  [22, undoes],
  [30, racesAtTheDoor],
  [24, offersTicket],
  [32, answersOffer],
]

export async function holdEvent(world: World): Promise<void> {
  // The moves of orders find those of this event alone.
  world.orderRequests.length = 0
  world.note('an event')
  await proveMostAddresses(world)
  const event = await publish(world)
  await live(world, event)
  if (world.wrong.length > 0) return
  world.bringSandboxBack()
  for (const webhook of world.webhooks) await world.deliver(webhook)
  await check(world, event)
  if (world.wrong.length > 0) return
  await passTime(world, event, event.startsAt - HOUR)
  await begin(world, event)
  await finish(world)
  if (world.wrong.length > 0) return
  await callTheRoll(world, event)
  await ringAll(event)
  world.wrong.push(...(await auditEvent(world, event, true)))
}

/** Offers of tickets end as the event begins, whether or not a sweep has recorded it. */
async function begin(world: World, event: Event): Promise<void> {
  const sold = await allSold(world, event)
  const [first, second] = world.buyers.slice(-2) as [Person, Person]
  for (const { person: from, reservationId, numbers } of sold.slice(-LAST_OFFERS)) {
    const to = from.id === first.id ? second : first
    await offer(world, event, { from, to, reservationId, number: numbers[0]! })
  }
  for (const gift of event.gifts.slice(-LAST_OFFERS))
    await accept(
      world,
      gift,
      world.buyers.slice(1).find(({ id }) => id !== gift.from.id && id !== gift.to.id)!,
    )
  at(Math.max(Date.now(), event.startsAt) + MINUTE)
  for (const gift of event.gifts.filter(({ isOver }) => !isOver)) await accept(world, gift, gift.to)
  await passTime(world, event, Date.now() + MINUTE)
}

async function check(world: World, event: Event): Promise<void> {
  world.wrong.push(...(await world.audit(false)), ...(await auditEvent(world, event, false)))
}

/** Only proved addresses wait for tickets and give them away. One stays as it was. */
async function proveMostAddresses({ buyers }: World): Promise<void> {
  const prove = env.DB.prepare(
    'UPDATE users SET email_verified_at = coalesce(email_verified_at, ?) WHERE id = ?',
  )
  await env.DB.batch(buyers.slice(1).map(({ id }) => prove.bind(Date.now(), id)))
}

async function live(world: World, event: Event): Promise<void> {
  const count = STEPS_MIN + world.below(STEPS_MORE)
  const isCancelled = world.chance(40)
  for (let done = 0; done < count; done++) {
    if (isCancelled && done === count - LAST_STEPS) {
      await allJoin(world, event)
      await Promise.all([cancelEvent(world, event), cancelEvent(world, event), world.sweep()])
    }
    const moves = done < FIRST_STEPS ? FIRST : MOVES
    const given = event.gifts.filter(({ isAccepted }) => isAccepted).length
    await step(world, () => moves.map(([weight, choose]) => [weight, (of) => choose(of, event)] as Weighted))
    const isGiven = event.gifts.filter(({ isAccepted }) => isAccepted).length > given
    // A pool that has one ticket twice cannot be loaded again, so this is checked at once.
    if (world.chance(AUDIT_PERCENT) || isGiven) await check(world, event)
    if (world.wrong.length > 0) return
  }
}
