/** An operator has paid a refund by hand and says so: where its money came by hand too, or its provider gave up. */
import { asc, eq } from 'drizzle-orm'
import { requireLiveUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import type { RefundRow } from '../money/schema.ts'
import { findRefund } from './find-refund.ts'
import { requireRefunds } from './refund-access.ts'
import { orderLines } from './schema.ts'
import { refundPaid } from './send-refund.ts'

export async function markRefundPaid(ctx: Ctx, id: string, reference: string): Promise<RefundRow> {
  await requireLiveUser(ctx)
  const refund = await findRefund(ctx, id)
  const lines = await ctx.db
    .select()
    .from(orderLines)
    .where(eq(orderLines.orderId, refund.orderId))
    .orderBy(asc(orderLines.line))
  const touched = lines.filter(({ line }) => refund.lines.some((each) => each.line === line))
  await requireRefunds(ctx, touched.length > 0 ? touched : lines, 'refund')
  if (refund.provider !== 'manual' && refund.attention === null) {
    throw new Problem('invalid_state', `This refund is paid by ${refund.provider}, not by hand.`)
  }
  if (refund.status !== 'paid') await refundPaid(ctx, refund, reference)
  const present = await findRefund(ctx, id)
  if (present.status !== 'paid' || present.reference !== reference) {
    throw new Problem('invalid_state', `This refund is ${present.status}: it cannot be marked as paid so.`)
  }
  return present
}
