// Events for tests, made and published through the API.
import { expect } from 'vitest'
import { askPool } from '../../src/tickets/client.ts'
import { reservationAddress } from '../../src/tickets/reservation-id.ts'
import { orderOf, press } from '../checkout/checkout.ts'
import type { Answer } from '../harness/client.ts'
import { type Organisation, organisationWithOperator, type Person, testContext } from '../harness/people.ts'
import { as, HOUR, iso, KES, NOW, newKey } from '../raffles/scenario.ts'

/** The times of a staged event. */
export const STARTS_AT = NOW + 24 * HOUR
export const ENDS_AT = STARTS_AT + 4 * HOUR

export const VIP_PRICE = 5_000

export const eventBody = (changes: Record<string, unknown> = {}) => ({
  title: 'Jazz at the Lake',
  place: { venue: 'Dunga Beach', city: 'Kisumu', country: 'KE' },
  startsAt: iso(STARTS_AT),
  endsAt: iso(ENDS_AT),
  timeZone: 'Africa/Nairobi',
  providers: ['sandbox'],
  ...changes,
})

export const TYPES = {
  free: { name: 'Open air', price: KES(0), capacity: 3 },
  regular: { name: 'Regular', price: KES(1_000), capacity: 5 },
  vip: { name: 'VIP', price: KES(VIP_PRICE), capacity: 2, maxPerUser: 2 },
}
export type TypeName = keyof typeof TYPES

export interface StagedEvent {
  id: string
  organisation: Organisation
  operator: Person
  /** The ids of its ticket types. */
  types: Record<TypeName, string>
}

/** A draft with three ticket types, one of them free. */
export async function stageDraftEvent(
  changes: Record<string, unknown> = {},
  like?: Organisation,
): Promise<StagedEvent> {
  const organisation = like ?? (await organisationWithOperator())
  const { operator } = organisation
  const made = await as(operator, 'POST', '/events', eventBody(changes))
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  const types = {} as Record<TypeName, string>
  for (const [name, type] of Object.entries(TYPES)) {
    const { status, body } = await as(operator, 'POST', `/events/${made.body.id}/ticket-types`, type)
    expect(status, JSON.stringify(body)).toBe(201)
    types[name as TypeName] = body.id
  }
  return { id: made.body.id, organisation, operator, types }
}

/** A published event. */
export async function stageEvent(changes: Record<string, unknown> = {}, like?: Organisation) {
  const staged = await stageDraftEvent(changes, like)
  const { status, body } = await as(staged.operator, 'POST', `/events/${staged.id}/publish`)
  expect(status, JSON.stringify(body)).toBe(200)
  return staged
}

const keyed = () => ({ headers: { 'idempotency-key': newKey() } })

/** Takes free tickets of a ticket type. Returns the reservation's id. */
export async function takes(person: Person, ticketTypeId: string, quantity = 1): Promise<string> {
  const { status, body } = await as(person, 'POST', '/tickets/purchase', { ticketTypeId, quantity }, keyed())
  expect(status, JSON.stringify(body)).toBe(201)
  return body.reservation.id
}

/** Places an order of these lines, and pays it unless `isPaid` is false. */
export async function orders(
  person: Person,
  lines: { ticketTypeId: string; quantity: number }[],
  isPaid = true,
): Promise<Answer['body']> {
  const body = { lines, payment: { provider: 'sandbox' } }
  const placed = await as(person, 'POST', '/orders', body, keyed())
  expect(placed.status, JSON.stringify(placed.body)).toBe(201)
  if (!isPaid) return placed.body
  await press(placed.body.payment.checkoutUrl, 'approve')
  return orderOf(person, placed.body.id)
}

/** Gives one number to somebody else, in the pool itself. */
export const givesTo = (to: Person, reservationId: string, number: number) =>
  askPool(testContext(), reservationAddress(reservationId).pool, (pool) =>
    pool.transfer(reservationAddress(reservationId).seq, reservationId, number, {
      holder: to.id,
      key: newKey(),
    }),
  )
