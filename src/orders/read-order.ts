/** Reads one's own order, or one with lines of an organisation whose payments one manages. */
import { hasPermission, requireUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import type { Order } from './contract.ts'
import { findOrder } from './find-order.ts'
import { presentOrder, readDetails, withoutCheckout } from './present.ts'

export async function readOrder(ctx: Ctx, id: string): Promise<Order> {
  const { userId } = requireUser(ctx)
  const rows = await findOrder(ctx, id)
  const isMine = rows.order.userId === userId
  if (!isMine && !(await mayManage(ctx, rows.lines))) throw notFound('order')
  const order = presentOrder(rows, await readDetails(ctx, rows))
  return isMine ? order : withoutCheckout(order)
}

/** Whether the actor manages payments in every organisation that the lines are of. */
export async function mayManage(ctx: Ctx, lines: { organisationId: string }[]): Promise<boolean> {
  for (const organisationId of new Set(lines.map((line) => line.organisationId))) {
    if (!(await hasPermission(ctx, organisationId, 'payments:manage'))) return false
  }
  return true
}
