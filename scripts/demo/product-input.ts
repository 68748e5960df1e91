import type * as z from 'zod'
import type { CreateProduct } from '../../src/catalog/contract.ts'

type Distributive<Product> = Product extends unknown
  ? Omit<Product, 'categoryId'> & { category: string }
  : never

/** A product whose category is told by name. */
export type ProductInput = Distributive<z.input<typeof CreateProduct>>
