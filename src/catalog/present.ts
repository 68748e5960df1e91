/** Turns rows of categories and products into responses. */
import { toInstant } from '../core/time.ts'
import type { Category, Product } from './contract.ts'
import type { CategoryRow, ProductRow } from './schema.ts'

export const presentCategory = (category: CategoryRow): Category => ({
  ...category,
  createdAt: toInstant(category.createdAt),
  updatedAt: toInstant(category.updatedAt),
})

export const presentProduct = ({ priceAmount, priceCurrency, ...product }: ProductRow): Product => ({
  ...product,
  price: { amount: priceAmount, currency: priceCurrency },
  createdAt: toInstant(product.createdAt),
  updatedAt: toInstant(product.updatedAt),
})
