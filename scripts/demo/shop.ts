/** Makes the demo's shop: its categories and products. */
import { books } from './books.ts'
import { call, listByLabel, type Stage } from './call.ts'
import { gadgets } from './gadgets.ts'

export interface Shop {
  /** Ids by name. */
  categoryId(name: string): string
  /** Ids by title. */
  productId(title: string): string
}

/** `others`: categories of what is no product. */
export async function makeShop(stage: Stage, others: readonly string[]): Promise<Shop> {
  const products = [...books(), ...gadgets()]
  const names = [...new Set(products.map(({ category }) => category)), 'Lucky draws', ...others]
  const categories = await makeAll(
    stage,
    '/categories',
    names.map((name) => ({ name })),
  )
  const made = await makeAll(
    stage,
    '/products',
    products.map(({ category, ...product }) => ({ ...product, categoryId: categories(category) })),
  )
  return { categoryId: categories, productId: made }
}

/** Makes what does not exist yet. Returns the ids by name or title. */
async function makeAll(
  stage: Stage,
  path: string,
  inputs: { name?: string; title?: string }[],
): Promise<(label: string) => string> {
  const { origin, organisationId, token } = stage
  const existing = await listByLabel(stage, path)
  const made = inputs.map(async (input): Promise<[string, string]> => {
    const label = input.name ?? input.title ?? ''
    const body = { ...input, organisationId }
    const { id } = existing.get(label) ?? (await call(origin, 'POST', path, { token, body }))
    return [label, id]
  })
  const ids = new Map(await Promise.all(made))
  return (label) => {
    const id = ids.get(label)
    if (id === undefined) throw new Error(`The demo has nothing called “${label}”.`)
    return id
  }
}
