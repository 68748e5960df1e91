// Creates products for tests, through the API.
import { expect } from 'vitest'
import { type Organisation, organisationWithOperator } from '../harness/people.ts'
import { as } from '../raffles/scenario.ts'

export const BOOK = {
  kind: 'book',
  title: 'Things Fall Apart',
  price: { amount: 1_200, currency: 'KES' },
  stock: 3,
  status: 'active',
  details: {
    author: 'Chinua Achebe',
    isbn13: '978-0-385-47454-2',
    publisher: 'Heinemann',
    year: 1958,
    language: 'en',
  },
} as const

export const SPEAKER = {
  kind: 'sound_device',
  title: 'Boom box',
  price: { amount: 9_000, currency: 'KES' },
  stock: 2,
  status: 'active',
  details: { brand: 'Radiola', specs: [{ name: 'Power', value: '20 W' }] },
} as const

export interface Shelved {
  id: string
  organisation: Organisation
}

export async function stageProduct(
  changes: Record<string, unknown> = {},
  organisation?: Organisation,
): Promise<Shelved> {
  const owner = organisation ?? (await organisationWithOperator())
  const { status, body } = await as(owner.operator, 'POST', '/products', { ...BOOK, ...changes })
  expect(status, JSON.stringify(body)).toBe(201)
  return { id: body.id, organisation: owner }
}

export async function stockOf(id: string): Promise<number> {
  const { status, body } = await as(null, 'GET', `/products/${id}`)
  expect(status).toBe(200)
  return body.stock
}
