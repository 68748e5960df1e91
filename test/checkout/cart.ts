// Carts for tests: places and pays orders with several lines through their routes.
import { expect } from 'vitest'
import type { Person } from '../harness/people.ts'
import { as, newKey } from '../raffles/scenario.ts'
import { orderOf, press, withKey } from './checkout.ts'

export const BOOK_PRICE = 1_200

export interface LineIn {
  productId?: string
  raffleId?: string
  quantity?: number
  numbers?: number[]
}

export const ADDRESS = {
  name: 'Amina Wanjiru',
  lines: ['Ngong Road 12', 'House 4'],
  city: 'Nairobi',
  country: 'KE',
  phone: '+254700000000',
}

/** Goods are picked up, unless a test says otherwise. */
const destinationOf = (lines: LineIn[]): object =>
  lines.some(({ productId }) => productId !== undefined) ? { pickup: true } : {}

export const order = (
  person: Pick<Person, 'id'>,
  lines: LineIn[],
  key = newKey(),
  more = {},
  sent: object = destinationOf(lines),
) =>
  as(
    person,
    'POST',
    '/orders',
    { lines, payment: { provider: 'sandbox' }, ...sent },
    { ...withKey(key), ...more },
  )

export async function ordered(person: Pick<Person, 'id'>, lines: LineIn[], sent = destinationOf(lines)) {
  const { status, body } = await order(person, lines, newKey(), {}, sent)
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

export async function bought(person: Person, lines: LineIn[], sent = destinationOf(lines)) {
  const { id, payment } = await ordered(person, lines, sent)
  await press(payment.checkoutUrl, 'approve')
  return orderOf(person, id)
}
