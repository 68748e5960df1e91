/** Examples for the API document. */
import { EXAMPLE_ORGANISATION } from '../core/examples.ts'
import type { Category, Product } from './contract.ts'

const TIMES = { createdAt: '2026-11-20T16:00:00.000Z', updatedAt: '2026-11-20T16:00:00.000Z' }

export const EXAMPLE_CATEGORY: Category = {
  id: 'cat_01kaf1q7v8fmk9m2q0c8w1g6ne',
  organisationId: EXAMPLE_ORGANISATION.id,
  name: 'First editions',
  slug: 'first-editions',
  ...TIMES,
}

export const EXAMPLE_PRODUCT: Product = {
  id: 'prod_01kaf1q7v8fmk9m2q0c8w1g6ne',
  organisationId: EXAMPLE_ORGANISATION.id,
  categoryId: EXAMPLE_CATEGORY.id,
  kind: 'book',
  status: 'active',
  title: 'Things Fall Apart',
  description: 'The first printing.',
  details: {
    author: 'Chinua Achebe',
    isbn13: '9780385474542',
    publisher: 'Heinemann',
    year: 1958,
    language: 'en',
  },
  price: { amount: 150_000, currency: 'KES' },
  stock: 3,
  images: ['https://books.example/things-fall-apart.jpg'],
  tags: ['signed'],
  ...TIMES,
}
