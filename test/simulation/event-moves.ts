// What people and the organiser do with an event's tickets: take, order and give them back, change capacities, postpone, cancel.
import { at, DAY, HOUR, iso } from '../raffles/scenario.ts'
import { type ChooseOf, type Event, findType, outcome, pickSold, ringAll, type Type } from './event-stage.ts'
import { newOrderRequest, unitsOf } from './moves.ts'
import { NOTHING, recent, times } from './step.ts'
import type { World } from './world.ts'

/** Free tickets of a type in a group are taken by an order, which the same path places. */
export const takesFree: ChooseOf = (world, { types }) => {
  const buyer = world.pick(world.buyers)!
  const type = world.pick(types.filter(({ isFree }) => isFree))!
  const body = { ticketTypeId: type.id, quantity: 1 + world.below(3) }
  const key = world.newKey()
  const count = world.chance(20) ? 2 : 1
  return {
    says: `take ${body.quantity} free admissions${type.isGrouped ? ' of the group' : ''} ×${count}`,
    run: () =>
      times(count, async () => {
        const answer = await world.call(buyer, 'POST', '/tickets/purchase', body, key)
        world.note(`  taken → ${outcome(answer)}`)
        if (answer.status === 201) world.count(type.isGrouped ? 'free seat taken' : 'free ticket taken')
      }),
  }
}

/** Admissions of one type, or of several in one order, some with a product. */
export const orders: ChooseOf = (world, { types }) => {
  const kind = world.below(100)
  const from = world.below(types.length)
  const line = (type: Type) => ({ ticketTypeId: type.id, quantity: 1 + world.below(2) })
  const priced = types.filter(({ isFree }) => !isFree)
  const some =
    kind < 60 ? [priced[from % priced.length]!] : types.filter((_, at) => (from + at) % 5 < 2 + (kind % 3))
  const lines: Record<string, unknown>[] = some.map(line)
  if (kind > 85) lines.push(unitsOf(world, world.pick(world.products)!))
  const request = newOrderRequest(world, lines)
  const count = world.chance(15) ? 2 : 1
  return {
    says: `order ${world.orderRequests.length - 1} of ${lines.length} lines by ${request.body.payment.provider} ×${count}`,
    run: () => times(count, () => world.placeOrder(request)),
  }
}

/** Also tries to return those that cost money, which must be refused. */
export const returns: ChooseOf = (world, event) => {
  const place = world.below(60)
  const isFree = world.chance(85)
  const isSome = world.chance(50)
  const count = 1 + world.below(2)
  return {
    says: `give ${isSome ? 'one' : 'all'} of a reservation back ×${count}`,
    run: async () => {
      const sold = await pickSold(world, event, place, ({ type }) => type.isFree === isFree)
      if (sold === undefined) return
      const { person, reservationId, numbers, type } = sold
      const body = isSome ? { numbers: [numbers[0]] } : {}
      await times(count, async () => {
        const answer = await world.call(person, 'POST', `/tickets/${reservationId}/return`, body)
        world.note(`  returned → ${outcome(answer)}`)
        if (answer.status < 400) world.count('given back')
        if (!type.isFree && answer.status < 400)
          world.wrong.push(`${reservationId} was paid, and was given back`)
      })
    },
  }
}

/** Of a ticket type, or of the group. */
export const changesCapacity: ChooseOf = (world, event) => {
  const part: Type | Event['group'] = world.chance(35) ? event.group : world.pick(event.types)!
  const capacity = Math.max(1, part.capacity + world.pick([-4, -2, -1, 1, 1, 2])!)
  const count = world.chance(30) ? 2 : 1
  const list = part === event.group ? 'capacity-groups' : 'ticket-types'
  return {
    says: `change the capacity of ${part.id} from ${part.capacity} to ${capacity} ×${count}`,
    run: () =>
      times(count, async () => {
        const path = `/events/${event.id}/${list}/${part.id}`
        const answer = await world.call(world.operator, 'PUT', path, { capacity })
        world.note(`  capacity → ${outcome(answer)}`)
        if (answer.status !== 200) return
        part.capacity = capacity
        world.count(`capacity changed: ${list}`)
      }),
  }
}

/** One more ticket of a type for which people wait. */
export const makesRoom: ChooseOf = (world, event) => {
  const first = world.below(3)
  return {
    says: 'make room for somebody who waits',
    run: async () => {
      const type = await findType(event, first, ({ waiting }) => waiting > 0)
      if (type === undefined) return
      const path = `/events/${event.id}/ticket-types/${type.id}`
      const answer = await world.call(world.operator, 'PUT', path, { capacity: type.capacity + 1 })
      world.note(`  room for one more → ${outcome(answer)}`)
      if (answer.status !== 200) return
      type.capacity++
      world.count('room made for somebody who waits')
    },
  }
}

export const postpones: ChooseOf = (world, event) => {
  const days = 1 + world.below(4)
  const count = 1 + world.below(2)
  return {
    says: `postpone by ${days} days ×${count}`,
    run: async () => {
      const startsAt = event.startsAt + days * DAY
      const times = { startsAt: iso(startsAt), endsAt: iso(startsAt + 4 * HOUR) }
      const path = `/events/${event.id}/postpone`
      const body = { ...times, reason: 'A storm is forecast.' }
      const answers = await Promise.all(
        Array.from({ length: count }, () => world.call(world.operator, 'POST', path, body)),
      )
      world.note(`  postponed → ${answers.map(outcome).join(', ')}`)
      if (!answers.some(({ status }) => status === 200)) return
      event.startsAt = startsAt
      world.count('postponed')
    },
  }
}

/** The buyer asks for its own money: refused unless the event was postponed after the order. */
export const asksForMoney: ChooseOf = (world) => {
  const request = recent(
    world,
    world.orderRequests.filter(({ isPaying }) => isPaying),
  )
  const isSome = world.chance(50)
  const keys = [world.newKey(), ...(world.chance(40) ? [world.newKey()] : [])]
  if (request === undefined) return NOTHING
  return {
    says: `the buyer of order ${world.orderRequests.indexOf(request)} gives ${isSome ? 'some' : 'all'} back by ${keys.join(', ')}`,
    run: async () => {
      if (request.orderId === null) return
      const { body: order } = await world.call(request.buyer, 'GET', `/orders/${request.orderId}`)
      const line = order.lines?.find(({ tickets }: { tickets?: unknown[] }) => (tickets ?? []).length > 0)
      const some = { lines: [{ line: line?.line ?? 0, numbers: [line?.tickets[0].number ?? 1] }] }
      const body = { reason: 'I cannot come then.', ...(isSome ? some : {}) }
      const path = `/orders/${request.orderId}/refunds`
      const answers = await Promise.all(keys.map((key) => world.call(request.buyer, 'POST', path, body, key)))
      world.note(`  given back → ${answers.map(outcome).join(', ')}`)
      if (answers.some(({ status }) => status === 201)) world.count('refunded on demand')
    },
  }
}

export async function cancelEvent(world: World, event: Event): Promise<void> {
  const body = { reason: 'The stage is flooded.' }
  const answer = await world.call(world.operator, 'POST', `/events/${event.id}/cancel`, body)
  world.note(`the event is cancelled → ${outcome(answer)}`)
  if (answer.status === 200) event.isCancelled = true
}

/** The sweep never rests for as long as a mail is news. */
const BETWEEN_SWEEPS_MS = 2 * DAY

/** The platform rings the alarms of the pools and sweeps meanwhile. */
export async function passTime(world: World, event: Event, until: number): Promise<void> {
  for (let next = Date.now() + HOUR; next < until; next += BETWEEN_SWEEPS_MS) await wakeAt(world, event, next)
  await wakeAt(world, event, Math.max(Date.now(), until))
}

async function wakeAt(world: World, event: Event, ms: number): Promise<void> {
  at(ms)
  await ringAll(event)
  await world.sweep()
}

/** Hours, or the day after which an offer of the waiting list has lapsed. */
export const waits: ChooseOf = (world, event) => {
  const hours = world.chance(35) ? 24 : 1 + world.below(9)
  return {
    says: `${hours} hours pass`,
    run: () => passTime(world, event, Date.now() + hours * HOUR),
  }
}

export const alarmsRing: ChooseOf = (_, event) => ({
  says: 'the alarms of the pools ring',
  run: () => ringAll(event),
})
