// Events whose ticket types share the seats of a hall, made and published through the API.
import { expect } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import * as client from '../../src/tickets/client.ts'
import { poolNameOf } from '../../src/tickets/reservation-id.ts'
import { withKey } from '../checkout/checkout.ts'
import { type Organisation, type Person, testContext } from '../harness/people.ts'
import { as, newKey } from '../raffles/scenario.ts'
import { type StagedEvent, stageDraftEvent } from './event-stage.ts'

/** The real one, whatever a test puts in its place. */
const { askPool } = client

export const groupsOf = (staged: Pick<StagedEvent, 'id'>) => `/events/${staged.id}/capacity-groups`

export interface Hall extends StagedEvent {
  groupId: string
}

/** A published event whose three ticket types, free, regular and VIP, share the seats of a hall. */
export async function stageHall(
  seats: number,
  capacity = 100,
  changes: Record<string, unknown> = {},
  like?: Organisation,
): Promise<Hall> {
  const staged = await stageDraftEvent(changes, like)
  const made = await as(staged.operator, 'POST', groupsOf(staged), { name: 'The hall', capacity: seats })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  for (const typeId of Object.values(staged.types)) {
    const path = `/events/${staged.id}/ticket-types/${typeId}`
    const inGroup = { capacity, maxPerUser: null, capacityGroupId: made.body.id }
    const { status, body } = await as(staged.operator, 'PUT', path, inGroup)
    expect([status, body.capacityGroupId], JSON.stringify(body)).toEqual([200, made.body.id])
  }
  const published = await as(staged.operator, 'POST', `/events/${staged.id}/publish`)
  expect(published.status, JSON.stringify(published.body)).toBe(200)
  return { ...staged, groupId: made.body.id }
}

export const stateOf = async (itemId: string) =>
  (await askPool(testContext(), poolNameOf(itemId), (pool) => pool.state()))!

/** What the pools count: of the group, and of all its ticket types together. */
export async function countsOf({ groupId, types }: Pick<Hall, 'groupId' | 'types'>) {
  const [group, ...sold] = await Promise.all([groupId, ...Object.values(types)].map(stateOf))
  const sum = (field: 'sold' | 'held') => sold.reduce((total, state) => total + state[field], 0)
  return {
    seats: { sold: group!.sold, held: group!.held },
    tickets: { sold: sum('sold'), held: sum('held') },
  }
}

export async function expectSettled(hall: Hall): Promise<number> {
  const { seats, tickets } = await countsOf(hall)
  expect(seats).toEqual(tickets)
  expect(seats.held).toBe(0)
  return seats.sold
}

export const take = (
  person: Person,
  ticketTypeId: string,
  quantity = 1,
  more: { bindings?: Partial<Bindings> } = {},
  key = newKey(),
) => as(person, 'POST', '/tickets/purchase', { ticketTypeId, quantity }, { ...withKey(key), ...more })

export const order = (
  person: Person,
  lines: object[],
  more: { bindings?: Partial<Bindings> } = {},
  key = newKey(),
) => as(person, 'POST', '/orders', { lines, payment: { provider: 'sandbox' } }, { ...withKey(key), ...more })
