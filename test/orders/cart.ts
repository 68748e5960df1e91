// Carts in tests: orders of several lines through their door, and paid.
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

export const order = (person: Pick<Person, 'id'>, lines: LineIn[], key = newKey(), more = {}) =>
  as(person, 'POST', '/orders', { lines, payment: { provider: 'sandbox' } }, { ...withKey(key), ...more })

export async function ordered(person: Pick<Person, 'id'>, lines: LineIn[]) {
  const { status, body } = await order(person, lines)
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

export async function bought(person: Person, lines: LineIn[]) {
  const { id, payment } = await ordered(person, lines)
  await press(payment.checkoutUrl, 'approve')
  return orderOf(person, id)
}
