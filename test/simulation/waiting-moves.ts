// What people do with the waiting lists of an event: join, leave, buy what is offered to them, and let it go.
import type { Person } from '../harness/people.ts'
import { at, SECOND } from '../raffles/scenario.ts'
import { type ChooseOf, type Event, findType, outcome, type Type, waitable } from './event-stage.ts'
import { newOrderRequest } from './moves.ts'
import { readHistory, readState } from './pool-history.ts'
import { times } from './step.ts'
import type { World } from './world.ts'

/** More than the offers that two people may let go in turn. */
const TURNS = 9

const pathOf = ({ id }: Event, type: Type): string => `/events/${id}/ticket-types/${type.id}/waiting-list`

async function join(
  world: World,
  event: Event,
  { person, type, quantity }: { person: Person; type: Type; quantity: number },
): Promise<void> {
  const answer = await world.call(person, 'POST', pathOf(event, type), { quantity })
  world.note(`  joined → ${outcome(answer)}`)
  if (answer.status === 201) world.count('joined')
  if (/^You have let/.test(answer.body.detail ?? '')) world.count('refused to wait after offers let go')
}

const leave = (world: World, event: Event, person: Person, type: Type) =>
  world.call(person, 'DELETE', pathOf(event, type))

/** Up to three people, usually where nothing is free. */
export const joins: ChooseOf = (world, event) => {
  const people = Array.from({ length: 1 + world.below(3) }, () => world.pick(world.buyers)!)
  const first = world.below(3)
  const makesFull = world.chance(30)
  const any = world.chance(15) ? world.pick(waitable(event))! : undefined
  const quantity = 1 + world.below(2)
  return {
    says: `${people.length} people wait for ${quantity} of ${any?.id ?? 'a type that is sold out'}`,
    run: async () => {
      if (makesFull) await sellOut(world, event, waitable(event)[first]!)
      const type = any ?? (await findType(event, first, ({ total, sold, held }) => sold + held >= total))
      if (type === undefined) return
      await Promise.all(people.map((person) => join(world, event, { person, type, quantity })))
    },
  }
}

export const leaves: ChooseOf = (world, event) => {
  const index = world.below(60)
  const first = world.below(3)
  return {
    says: 'leave a waiting list',
    run: async () => {
      const type = await findType(event, first, ({ waiting }) => waiting > 0)
      if (type === undefined) return
      const { waiting } = await readHistory(type.id)
      const holder = waiting[index % waiting.length]?.holder
      const person = world.buyers.find(({ id }) => id === holder)
      if (person === undefined) return
      const place = await world.call(person, 'GET', pathOf(event, type))
      const answer = await leave(world, event, person, type)
      world.note(`  left → ${outcome(answer)}`)
      if (place.status === 200) world.count('left')
    },
  }
}

interface Offered {
  person: Person
  type: Type
  quantity: number
}

/** Somebody to whom tickets are offered, as the API says it; undefined: nobody. */
async function findOffered(world: World, event: Event, first: number): Promise<Offered | undefined> {
  const types = waitable(event)
  for (let at = 0; at < types.length; at++) {
    const type = types[(first + at) % types.length]!
    const { offers, ended } = await readHistory(type.id)
    const live = offers.find(({ seq, heldUntil }) => !ended.has(seq) && heldUntil > Date.now())
    const person = world.buyers.find(({ id }) => id === live?.holder)
    if (live === undefined || person === undefined) continue
    const { status, body } = await world.call(person, 'GET', pathOf(event, type))
    const isRight = body.state === 'offered' && body.quantity === live.numbers.length
    // The event may be cancelled by now.
    if (status === 200 && isRight) return { person, type, quantity: body.quantity }
    if (status === 200) world.wrong.push(`the offer of ${person.id} is shown as ${JSON.stringify(body)}`)
  }
  return undefined
}

/** All that is offered, or some of it. Also tries more than that, which must be refused. */
export const buysOffered: ChooseOf = (world, event) => {
  const first = world.below(3)
  const less = world.pick([0, 0, 0, 1, -1])!
  const key = world.newKey()
  const request = newOrderRequest(world, [{ ticketTypeId: waitable(event)[1]!.id, quantity: 1 }])
  return {
    says: `buy what is offered, by order ${world.orderRequests.length - 1} or for free`,
    run: async () => {
      const offered = await findOffered(world, event, first)
      if (offered === undefined) return
      const { person, type } = offered
      const line = { ticketTypeId: type.id, quantity: Math.max(1, offered.quantity - less) }
      if (type.isFree) {
        const answer = await world.call(person, 'POST', '/tickets/purchase', line, key)
        world.note(`  taken → ${outcome(answer)}`)
        if (answer.status === 201) world.count('offer taken for free')
        return
      }
      const { payment } = request.body
      Object.assign(request, { buyer: person, path: '/orders', body: { lines: [line], payment } })
      await world.placeOrder(request)
      if (request.orderId !== null) world.count('offer ordered')
    },
  }
}

export const declines: ChooseOf = (world, event) => {
  const first = world.below(3)
  const count = 1 + world.below(2)
  return {
    says: `decline what is offered ×${count}`,
    run: async () => {
      const offered = await findOffered(world, event, first)
      if (offered === undefined) return
      await times(count, () => leave(world, event, offered.person, offered.type))
      world.count('offer declined')
    },
  }
}

/** Lowers the capacity to what is taken. Returns whether the type is sold out now. */
async function sellOut(world: World, event: Event, type: Type): Promise<boolean> {
  const { total, sold, held } = (await readState(type.id))!
  const taken = sold + held
  return taken > 0 && (total === taken || setCapacity(world, event, type, taken))
}

async function setCapacity(world: World, event: Event, type: Type, capacity: number): Promise<boolean> {
  const path = `/events/${event.id}/ticket-types/${type.id}`
  const { status } = await world.call(world.operator, 'PUT', path, { capacity })
  if (status === 200) type.capacity = capacity
  return status === 200
}

/** Two people let an offer go in turn. All others give up, so that it comes back each time. */
export const hoards: ChooseOf = (world, event) => {
  const type = world.pick(waitable(event))!
  const index = world.below(world.buyers.length - 1)
  return {
    says: 'two people let an offer go in turn',
    run: async () => {
      if (!(await sellOut(world, event, type))) return
      for (const person of world.buyers) await leave(world, event, person, type)
      let [holder, next] = [world.buyers[index]!, world.buyers[index + 1]!]
      await join(world, event, { person: holder, type, quantity: 1 })
      if (!(await setCapacity(world, event, type, type.capacity + 1))) return
      for (let turn = 0; turn < TURNS; turn++) {
        await join(world, event, { person: next, type, quantity: 1 })
        await leave(world, event, holder, type)
        ;[holder, next] = [next, holder]
      }
      world.count('offers let go in turn')
    },
  }
}

/** The last tickets are ordered, and others wait. The money comes after its time, before any alarm has rung. */
export const paysLate: ChooseOf = (world, event) => {
  const type = waitable(event)[1 + world.below(2)]!
  const index = world.below(world.buyers.length - 2)
  const request = newOrderRequest(world, [{ ticketTypeId: type.id, quantity: 1 }], 'manual')
  return {
    says: `order ${world.orderRequests.length - 1} is paid late, and others wait`,
    run: async () => {
      const { total, sold, held, waiting } = (await readState(type.id))!
      if (waiting > 0 || !(await setCapacity(world, event, type, Math.max(total, sold + held + 1)))) return
      await world.placeOrder(request)
      const [tried] = request.tries
      if (tried!.paymentId === null || !(await sellOut(world, event, type))) return
      for (const person of world.buyers.slice(index, index + 2))
        await join(world, event, { person, type, quantity: 1 })
      const { rows } = await readHistory(type.id)
      const hold = [...rows.values()].findLast(({ holder }) => holder === request.buyer.id)
      at(Math.max(Date.now(), hold!.heldUntil!) + SECOND)
      request.isPaying = true
      const path = `/payments/${tried!.paymentId}/receipts`
      const answer = await world.call(world.operator, 'POST', path, { reference: `late ${tried!.key}` })
      world.note(`  recorded → ${outcome(answer)}`)
      if (answer.status === 201) world.count('paid late while others wait')
    },
  }
}

/** Everybody waits, where that is possible. */
export async function allJoin(world: World, event: Event): Promise<void> {
  for (const type of waitable(event)) {
    if (!(await sellOut(world, event, type))) continue
    await Promise.all(world.buyers.map((person) => join(world, event, { person, type, quantity: 1 })))
  }
}
