/** The shape of a product in the demo's lists. */
import type * as z from 'zod'
import type { CreateProduct } from '../../src/catalog/contract.ts'

type Distributive<Product> = Product extends unknown
  ? Omit<Product, 'categoryId'> & { category: string }
  : never

/** A product with its category's name instead of its id. */
export type ProductInput = Distributive<z.input<typeof CreateProduct>>
