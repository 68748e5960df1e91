/** By which providers an order can be paid: those that every item accepts, that can take the sum here, and in time. */
import type { Ctx } from '../core/context.ts'
import { Provider } from '../money/provider-name.ts'
import { whyNotProvider } from '../money/providers/index.ts'
import { hasTimeToPay } from '../money/providers/payment-span.ts'
import { findOrders, type OrderRows } from './find-order.ts'
import { byPort } from './lines/index.ts'
import { mayPayAgain, type WaysToPay } from './payment-advice.ts'
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

export async function waysToPay(
  ctx: Ctx,
  { order, lines }: Pick<OrderRows, 'order' | 'lines'>,
): Promise<WaysToPay> {
  const items = await choosyItems(ctx, lines)
  const accepted = Provider.options.filter(
    (name) =>
      whyNotProvider(name, ctx.settings, order) === null &&
      items.every(({ providers }) => providers.includes(name)),
  )
  const isInTime = (name: Provider) => hasTimeToPay(name, ctx.now, order.payUntil)
  return { payWith: accepted.filter(isInTime), tooLate: accepted.filter((name) => !isInTime(name)) }
}

/** Of those orders that may need another way to pay, by their ids. Few of a list do, so each is read alone. */
export async function waysOf(
  ctx: Ctx,
  found: readonly Pick<OrderRows, 'order' | 'payment'>[],
): Promise<Map<string, WaysToPay>> {
  const open = found.filter(({ order, payment }) => mayPayAgain(order, payment, ctx.now))
  if (open.length === 0) return new Map()
  const rows = await findOrders(ctx, [...new Set(open.map(({ order }) => order.id))])
  return new Map(
    await Promise.all(rows.map(async (each) => [each.order.id, await waysToPay(ctx, each)] as const)),
  )
}
