// Orders for events, placed and paid through the API.
import { expect } from 'vitest'
import { press, withKey } from '../checkout/checkout.ts'
import type { Person } from '../harness/people.ts'
import { as, newKey } from '../raffles/scenario.ts'
import type { StagedEvent, TypeName } from './event-stage.ts'

/** Places an order, by a person who does not pay yet. */
export async function placed(
  person: Person,
  { types }: StagedEvent,
  quantities: Partial<Record<TypeName, number>>,
) {
  const lines = Object.entries(quantities).map(([name, quantity]) => ({
    ticketTypeId: types[name as TypeName],
    quantity,
  }))
  const { status, body } = await as(
    person,
    'POST',
    '/orders',
    { lines, payment: { provider: 'sandbox' } },
    withKey(newKey()),
  )
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

/** Places an order and pays it. */
export async function bought(
  person: Person,
  staged: StagedEvent,
  quantities: Partial<Record<TypeName, number>>,
) {
  const order = await placed(person, staged, quantities)
  await press(order.payment.checkoutUrl, 'approve')
  return order
}

/** Takes free admissions, without an order. */
export async function taken(person: Person, { types }: StagedEvent, quantity = 1) {
  const what = { ticketTypeId: types.free, quantity }
  const { status, body } = await as(person, 'POST', '/tickets/purchase', what, withKey(newKey()))
  expect(status, JSON.stringify(body)).toBe(201)
  return body.reservation
}
