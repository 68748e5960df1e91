/** Examples for the API document. */
import { EXAMPLE_CATEGORY_ID, EXAMPLE_ORGANISATION, EXAMPLE_PRODUCT_ID } from '../core/examples.ts'
import type { Category, Product } from './contract.ts'

const TIMES = { createdAt: '2026-11-20T16:00:00.000Z', updatedAt: '2026-11-20T16:00:00.000Z' }

export const EXAMPLE_CATEGORY: Category = {
  id: EXAMPLE_CATEGORY_ID,
  organisationId: EXAMPLE_ORGANISATION.id,
  name: 'First editions',
  slug: 'first-editions',
  ...TIMES,
}

export const EXAMPLE_PRODUCT: Product = {
  id: EXAMPLE_PRODUCT_ID,
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

const { id: _, organisationId, createdAt, updatedAt, ...product } = EXAMPLE_PRODUCT

/** Example request bodies, by the names of their schemas. */
export const BODIES = {
  CreateCategory: { organisationId, name: EXAMPLE_CATEGORY.name, slug: EXAMPLE_CATEGORY.slug },
  UpdateCategory: { name: EXAMPLE_CATEGORY.name },
  CreateProduct: { organisationId, ...product },
  UpdateProduct: { price: product.price, stock: product.stock, stockWas: 2 },
}
