/** By which providers an order can be paid: those that every item accepts, and that can take the sum here. */
import type { Ctx } from '../core/context.ts'
import { Provider } from '../money/provider-name.ts'
import { whyNotProvider } from '../money/providers/index.ts'
import type { OrderRows } from './find-order.ts'
import { byPort } from './lines/index.ts'
import type { OrderLineRow } from './schema.ts'

/** The items of these lines that accept only some providers. */
export async function choosyItems(
  ctx: Ctx,
  lines: readonly OrderLineRow[],
): Promise<{ title: string; providers: string[] }[]> {
  const accepted = await Promise.all(
    byPort(lines, ({ kind }) => kind).map(([port, ofKind]) =>
      port.acceptedProviders(
        ctx,
        ofKind.map(({ itemId }) => itemId),
      ),
    ),
  )
  return accepted.flat()
}

export async function providersFor(
  ctx: Ctx,
  { order, lines }: Pick<OrderRows, 'order' | 'lines'>,
): Promise<Provider[]> {
  const items = await choosyItems(ctx, lines)
  return Provider.options.filter(
    (name) =>
      whyNotProvider(name, ctx.settings, order) === null &&
      items.every(({ providers }) => providers.includes(name)),
  )
}
