/** The folded text of products and categories: what lists search and sort by. */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { fold } from '../core/fold.ts'
import { foldRows } from '../core/folded.ts'
import type { Details } from './contract.ts'
import { categories, products } from './schema.ts'

interface Searched {
  title: string
  details: Details
  tags: string[]
}

/** The title comes first, because a list by title is sorted by the start. A line break sorts before every letter. */
export function foldedProduct({ title, details, tags }: Searched): string {
  const { author, brand, isbn13 } = details as { author?: string; brand?: string; isbn13?: string | null }
  return [title, author ?? brand ?? '', isbn13 ?? '', ...tags].map(fold).join('\n')
}

/** Folds the rows of the catalogue that have no folded text. */
export async function foldCatalogue(ctx: Ctx): Promise<void> {
  await foldRows<Record<keyof Searched, string>>(ctx, {
    table: products,
    name: 'product',
    source: sql`title, details, tags`,
    foldedOf: ({ title, details, tags }) =>
      foldedProduct({ title, details: JSON.parse(details), tags: JSON.parse(tags) }),
  })
  await foldRows<{ name: string }>(ctx, {
    table: categories,
    name: 'category',
    source: sql`name`,
    foldedOf: ({ name }) => fold(name),
  })
}
