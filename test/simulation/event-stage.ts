// The event of a simulation: three ticket types, and two more that share a capacity. What its people have seen so far.
import { env } from 'cloudflare:workers'
import type { PoolState } from '../../src/tickets/pool-contract.ts'
import { poolNameOf } from '../../src/tickets/reservation-id.ts'
import type { Answer } from '../harness/client.ts'
import type { Person } from '../harness/people.ts'
import { DAY, HOUR, iso, poolState, ringAlarm } from '../raffles/scenario.ts'
import type { Choose } from './step.ts'
import { CURRENCY, type World } from './world.ts'

export const DAYS_AHEAD = 5

export interface Type {
  id: string
  capacity: number
  isFree: boolean
  /** Whether it shares the capacity of the group. */
  isGrouped: boolean
}

/** A code that a holder was shown. It may be dead by now. */
export interface Code {
  code: string
  reservationId: string
  number: number
}

/** A scan that was sent, by its scanner's own name. The check-in is null if nobody was let in. */
export interface Scan {
  scanId: string
  code: Code
  checkInId: string | null
}

/** An admission that is offered to an address. */
export interface Gift {
  id: string
  from: Person
  to: Person
  reservationId: string
  number: number
  expiresAt: number
  isAccepted: boolean
  /** Whether it was accepted, declined or cancelled. */
  isOver: boolean
}

export interface Event {
  id: string
  startsAt: number
  types: Type[]
  group: { id: string; capacity: number }
  isCancelled: boolean
  readonly codes: Map<string, Code>
  readonly scans: Scan[]
  readonly undone: Set<string>
  readonly gifts: Gift[]
}

export type ChooseOf = (world: World, event: Event) => ReturnType<Choose>
export type WeightedOf = readonly [weight: number, choose: ChooseOf]

export async function publish(world: World): Promise<Event> {
  const startsAt = Date.now() + DAYS_AHEAD * DAY
  const body = {
    organisationId: world.organisation.id,
    title: 'Jazz at the Lake',
    startsAt: iso(startsAt),
    endsAt: iso(startsAt + 4 * HOUR),
    providers: ['sandbox', 'manual'],
  }
  const { body: made } = await world.call(world.operator, 'POST', '/events', body)
  const shared = 4 + world.below(5)
  const hall = { name: 'Hall', capacity: shared }
  const group = await world.call(world.operator, 'POST', `/events/${made.id}/capacity-groups`, hall)
  // The sandbox fails or delays the refund of some prices.
  const prices = [0, world.pick([700, 517])!, world.pick([2_100, 1_013])!, 0, world.pick([700, 517])!]
  const types: Type[] = []
  for (const [place, amount] of prices.entries()) {
    const isGrouped = place > 2
    const capacity = isGrouped ? 2 + world.below(6) : 1 + world.below(4)
    const maxPerUser = world.chance(50) ? 2 + world.below(2) : null
    const type = {
      name: `Type ${place}`,
      price: { amount, currency: CURRENCY },
      capacity,
      maxPerUser,
      capacityGroupId: isGrouped ? group.body.id : null,
    }
    const answer = await world.call(world.operator, 'POST', `/events/${made.id}/ticket-types`, type)
    types.push({ id: answer.body.id, capacity, isFree: amount === 0, isGrouped })
  }
  const { status } = await world.call(world.operator, 'POST', `/events/${made.id}/publish`)
  if (status !== 200) world.wrong.push(`the event was not published: ${status}`)
  return {
    id: made.id,
    startsAt,
    types,
    group: { id: group.body.id, capacity: shared },
    isCancelled: false,
    codes: new Map(),
    scans: [],
    undone: new Set(),
    gifts: [],
  }
}

export const outcome = ({ status, body }: Answer): string => `${status} ${status < 400 ? '' : body.code}`

/** Those that have a waiting list of their own. */
export const waitable = ({ types }: Event): Type[] => types.filter(({ isGrouped }) => !isGrouped)

/** One of the types with a waiting list that suits; undefined: none does. */
export async function findType(
  event: Event,
  first: number,
  suits: (state: PoolState) => boolean,
): Promise<Type | undefined> {
  const types = waitable(event)
  for (let at = 0; at < types.length; at++) {
    const type = types[(first + at) % types.length]!
    if (suits((await poolState(poolNameOf(type.id)))!)) return type
  }
  return undefined
}

export const ringAll = ({ types, group }: Event): Promise<unknown> =>
  Promise.all([...types, group].map(({ id }) => ringAlarm(poolNameOf(id))))

/** Sold admissions of a person. */
export interface Sold {
  person: Person
  reservationId: string
  type: Type
  numbers: number[]
  /** Whether somebody is in with one of them. */
  isIn: boolean
}

/** All sold admissions, as the database knows them, in the order of their sale. */
export async function allSold({ buyers }: World, { id, types }: Event): Promise<Sold[]> {
  const { results } = await env.DB.prepare(
    `SELECT holder, reservations.id, numbers, ticket_types.id AS typeId, EXISTS (SELECT 1 FROM check_ins
         WHERE reservation_id = reservations.id AND undone_at IS NULL AND conflict_with IS NULL) AS isIn
     FROM reservations JOIN ticket_types USING (pool) WHERE event_id = ? AND state = 'sold' ORDER BY at, seq`,
  )
    .bind(id)
    .all<{ holder: string; id: string; numbers: string; typeId: string; isIn: number }>()
  return results.map((row) => ({
    person: buyers.find((each) => each.id === row.holder)!,
    reservationId: row.id,
    type: types.find((type) => type.id === row.typeId)!,
    numbers: JSON.parse(row.numbers),
    isIn: row.isIn === 1,
  }))
}

/** Some sold admissions; undefined: there are none. `place`: any number. */
export async function pickSold(
  world: World,
  event: Event,
  place: number,
  suits: (sold: Sold) => boolean = () => true,
): Promise<Sold | undefined> {
  const found = (await allSold(world, event)).filter(suits)
  return found[place % found.length]
}
