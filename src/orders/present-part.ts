/** An order as one of its organisations sees it: with that organisation's lines alone. */
import type { Ctx } from '../core/context.ts'
import type { Order } from './contract.ts'
import { findOrder } from './find-order.ts'
import { presentOrder, readDetails, withoutCheckout } from './present.ts'

export async function presentPart(ctx: Ctx, id: string, organisationId: string): Promise<Order> {
  const rows = await findOrder(ctx, id)
  const part = { ...rows, lines: rows.lines.filter((line) => line.organisationId === organisationId) }
  return withoutCheckout(presentOrder(part, await readDetails(ctx, part)))
}
