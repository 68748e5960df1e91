// An event at the end of a simulation: people take, order, give away and give back admissions, while the organiser changes the
// capacity, postpones the event or cancels it. Then everything settles once more.
import { askPool } from '../../src/tickets/client.ts'
import { reservationAddress } from '../../src/tickets/reservation-id.ts'
import type { Answer } from '../harness/client.ts'
import { type Person, testContext } from '../harness/people.ts'
import { at, DAY, HOUR, iso } from '../raffles/scenario.ts'
import { finish } from './ending.ts'
import { newOrderRequest, OF_ORDERS, unitsOf } from './moves.ts'
import { type Choose, NOTHING, recent, step, times, type Weighted } from './step.ts'
import { CURRENCY, type World } from './world.ts'

const STEPS_MIN = 22
const STEPS_MORE = 14
const AUDIT_PERCENT = 6
const FIRST_STEPS = 6
/** Steps after the cancellation of an event that is cancelled. */
const LAST_STEPS = 5

interface Type {
  id: string
  capacity: number
  isFree: boolean
}

interface Event {
  id: string
  startsAt: number
  types: Type[]
}

export async function holdEvent(world: World): Promise<void> {
  // The moves of orders find those of this event alone.
  world.orderRequests.length = 0
  world.note('an event')
  const event = await publish(world)
  const count = STEPS_MIN + world.below(STEPS_MORE)
  const isCancelled = world.chance(50)
  for (let done = 0; done < count; done++) {
    if (isCancelled && done === count - LAST_STEPS) {
      await Promise.all([cancel(world, event), cancel(world, event), world.sweep()])
    }
    const moves = done < FIRST_STEPS ? FIRST : MOVES
    await step(world, () => moves.map(([weight, choose]) => [weight, (of) => choose(of, event)] as Weighted))
    if (world.chance(AUDIT_PERCENT)) world.wrong.push(...(await world.audit(false)))
    if (world.wrong.length > 0) return
  }
  world.bringSandboxBack()
  for (const webhook of world.webhooks) await world.deliver(webhook)
  world.wrong.push(...(await world.audit(false)))
  await finish(world)
}

async function publish(world: World): Promise<Event> {
  const startsAt = Date.now() + 3 * DAY
  const body = {
    organisationId: world.organisation.id,
    title: 'Jazz at the Lake',
    startsAt: iso(startsAt),
    endsAt: iso(startsAt + 4 * HOUR),
    providers: ['sandbox', 'manual'],
  }
  const { body: made } = await world.call(world.operator, 'POST', '/events', body)
  // The sandbox fails or delays the refund of some prices.
  const prices = [0, world.pick([700, 517])!, world.pick([2_100, 1_013])!]
  const types: Type[] = []
  for (const [place, amount] of prices.entries()) {
    const capacity = 3 + world.below(9)
    const maxPerUser = world.chance(50) ? 3 + world.below(3) : null
    const type = { name: `Type ${place}`, price: { amount, currency: CURRENCY }, capacity, maxPerUser }
    const answer = await world.call(world.operator, 'POST', `/events/${made.id}/ticket-types`, type)
    types.push({ id: answer.body.id, capacity, isFree: amount === 0 })
  }
  const { status } = await world.call(world.operator, 'POST', `/events/${made.id}/publish`)
  if (status !== 200) world.wrong.push(`the event was not published: ${status}`)
  return { id: made.id, startsAt, types }
}

type ChooseOf = (world: World, event: Event) => ReturnType<Choose>
type WeightedOf = readonly [weight: number, choose: ChooseOf]

const outcome = ({ status, body }: Answer): string => `${status} ${status < 400 ? '' : body.code}`

const takesFree: ChooseOf = (world, { types }) => {
  const buyer = world.pick(world.buyers)!
  const body = { ticketTypeId: types[0]!.id, quantity: 1 + world.below(3) }
  const key = world.newKey()
  const count = world.chance(20) ? 2 : 1
  return {
    says: `take ${body.quantity} free admissions ×${count}`,
    run: () =>
      times(count, async () =>
        world.note(`  taken → ${outcome(await world.call(buyer, 'POST', '/tickets/purchase', body, key))}`),
      ),
  }
}

/** Admissions of one type, or of several in one order, some with a product. */
const orders: ChooseOf = (world, { types }) => {
  const kind = world.below(100)
  const from = 1 + world.below(2)
  const line = (type: Type) => ({ ticketTypeId: type.id, quantity: 1 + world.below(2) })
  const lines: Record<string, unknown>[] =
    kind < 40 ? [line(types[from]!)] : kind < 55 ? [line(types[0]!), line(types[from]!)] : types.map(line)
  if (kind > 85) lines.push(unitsOf(world, world.pick(world.products)!))
  const request = newOrderRequest(world, lines)
  const count = world.chance(15) ? 2 : 1
  return {
    says: `order ${world.orderRequests.length - 1} of ${lines.length} lines by ${request.body.payment.provider} ×${count}`,
    run: () => times(count, () => world.placeOrder(request)),
  }
}

interface Mine {
  reservation: { id: string; state: string; ticketTypeId: string | null }
  tickets: { number: number }[]
}

/** Sold admissions of a person, the newest first. */
async function admissionsOf(world: World, person: Person, { types }: Event): Promise<Mine[]> {
  const { status, body } = await world.call(person, 'GET', '/tickets?limit=50')
  if (status !== 200) return []
  return body.data.filter(
    ({ reservation }: Mine) =>
      reservation.state === 'sold' && types.some(({ id }) => id === reservation.ticketTypeId),
  )
}

/** Also tries to return those that cost money, which must be refused. */
const returns: ChooseOf = (world, event) => {
  const buyer = world.pick(world.buyers)!
  const place = world.below(10)
  const isSome = world.chance(50)
  const count = 1 + world.below(2)
  return {
    says: `give ${isSome ? 'one' : 'all'} of reservation ${place} back ×${count}`,
    run: async () => {
      const mine = await admissionsOf(world, buyer, event)
      const { reservation, tickets } = mine[place % mine.length] ?? {}
      if (reservation === undefined) return
      const body = isSome ? { numbers: [tickets![0]!.number] } : {}
      const path = `/tickets/${reservation.id}/return`
      const isFree = event.types.some(({ id, isFree }) => isFree && id === reservation.ticketTypeId)
      await times(count, async () => {
        const answer = await world.call(buyer, 'POST', path, body)
        world.note(`  returned → ${outcome(answer)}`)
        if (!isFree && answer.status < 400) world.wrong.push(`${reservation.id} was paid, and was given back`)
      })
    },
  }
}

const gives: ChooseOf = (world, event) => {
  const from = world.pick(world.buyers)!
  const to = world.pick(world.buyers)!
  const place = world.below(10)
  const key = world.newKey()
  const count = 1 + world.below(2)
  return {
    says: `give an admission of reservation ${place} to somebody ×${count}`,
    run: async () => {
      const mine = await admissionsOf(world, from, event)
      const { reservation, tickets } = mine[place % mine.length] ?? {}
      if (reservation === undefined) return
      const { pool, seq } = reservationAddress(reservation.id)
      await times(count, async () => {
        const given = await askPool(testContext(), pool, (stub) =>
          stub.transfer(seq, reservation.id, tickets![0]!.number, { holder: to.id, key }),
        )
        world.note(`  given → ${given.ok ? 'done' : given.code}`)
      })
    },
  }
}

const changesCapacity: ChooseOf = (world, event) => {
  const type = world.pick(event.types)!
  const capacity = Math.max(1, type.capacity + world.pick([-4, -2, -1, 1, 2, 4])!)
  const count = world.chance(30) ? 2 : 1
  return {
    says: `change the capacity from ${type.capacity} to ${capacity} ×${count}`,
    run: () =>
      times(count, async () => {
        const path = `/events/${event.id}/ticket-types/${type.id}`
        const answer = await world.call(world.operator, 'PUT', path, { capacity })
        world.note(`  capacity → ${outcome(answer)}`)
        if (answer.status === 200) type.capacity = capacity
      }),
  }
}

const postpones: ChooseOf = (world, event) => {
  const days = 1 + world.below(4)
  const isMeant = world.chance(50)
  const count = 1 + world.below(2)
  if (!isMeant) return NOTHING
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
      if (answers.some(({ status }) => status === 200)) event.startsAt = startsAt
    },
  }
}

/** The buyer asks for its own money: refused unless the event was postponed after the order. */
const asksForMoney: ChooseOf = (world) => {
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
    },
  }
}

async function cancel(world: World, { id }: Event): Promise<void> {
  const body = { reason: 'The stage is flooded.' }
  const answer = await world.call(world.operator, 'POST', `/events/${id}/cancel`, body)
  world.note(`the event is cancelled → ${outcome(answer)}`)
}

/** Time passes until just before the next thing of the event happens. */
const waits: ChooseOf = (world) => {
  const hours = 1 + world.below(20)
  return {
    says: `${hours} hours pass`,
    run: async () => {
      at(Date.now() + hours * HOUR)
      await world.sweep()
    },
  }
}

const FIRST: readonly WeightedOf[] = [
  [5, orders],
  [2, takesFree],
]
const MOVES: readonly WeightedOf[] = [
  ...OF_ORDERS,
  [16, orders],
  [8, takesFree],
  [6, returns],
  [8, gives],
  [6, changesCapacity],
  [5, postpones],
  [10, asksForMoney],
  [2, waits],
]
