/** An operator has paid a refund by hand and says so: where its money came by hand too, or its provider gave up. */
import { asc, eq } from 'drizzle-orm'
import { requireLiveUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import type { RefundRow } from '../money/schema.ts'
import { findRefund } from './find-refund.ts'
import { requireRefunds } from './refund-access.ts'
import { orderLines } from './schema.ts'
import { refundPaidByHand } from './send-refund.ts'

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
  if (refund.status !== 'paid') await refundPaidByHand(ctx, refund, reference)
  const present = await findRefund(ctx, id)
  if (present.status === 'paid' && present.reference === reference) return present
  const isLeftToPeople = present.provider === 'manual' || present.status === 'paid'
  throw new Problem(
    'invalid_state',
    isLeftToPeople
      ? `This refund is ${present.status}: it cannot be marked as paid so.`
      : `This refund is paid by ${present.provider}, not by hand, as long as that has not given up.`,
  )
}
