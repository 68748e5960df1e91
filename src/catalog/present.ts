/** Turns rows of categories and products into responses. */
import { toInstant } from '../core/time.ts'
import type { Category, Product } from './contract.ts'
import type { CategoryRow, ProductRow } from './schema.ts'

export const presentCategory = (category: CategoryRow): Category => ({
  ...category,
  createdAt: toInstant(category.createdAt),
  updatedAt: toInstant(category.updatedAt),
})

/** The details have the shape of the product's kind: they were checked when they were written. */
export const presentProduct = ({ priceAmount, priceCurrency, ...product }: ProductRow) =>
  ({
    ...product,
    price: { amount: priceAmount, currency: priceCurrency },
    createdAt: toInstant(product.createdAt),
    updatedAt: toInstant(product.updatedAt),
  }) as Product
