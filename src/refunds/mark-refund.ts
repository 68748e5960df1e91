/**
 * Records what people know about a refund. An operator records one that was paid by hand, if the payment came by hand
 * too or the provider gave up. An administrator decides whether a sent refund that the provider does not confirm was
 * paid.
 */

import { asc, eq } from 'drizzle-orm'
import { requireLiveUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { requireStatement } from '../money/require-statement.ts'
import type { RefundRow } from '../money/schema.ts'
import { isUnconfirmed } from '../money/unconfirmed.ts'
import { orderLines } from '../orders/schema.ts'
import { findRefund } from './find-refund.ts'
import {
  recordRefundFailedByAdmin,
  recordRefundPaidByAdmin,
  recordRefundPaidByHand,
} from './refund-states.ts'
import { requireRefunds } from './who-may-refund.ts'

export async function markRefundPaid(ctx: Ctx, id: string, reference: string): Promise<RefundRow> {
  const refund = await findRefundFor(ctx, id)
  if (isUnconfirmed(refund)) {
    await requireStatement(ctx, refund.provider)
    await recordRefundPaidByAdmin(ctx, refund, reference)
  } else if (refund.status !== 'paid') await recordRefundPaidByHand(ctx, refund, reference)
  const present = await findRefund(ctx, id)
  if (present.status === 'paid' && present.reference === reference) return present
  const isLeftToPeople = present.provider === 'manual' || present.status === 'paid'
  throw new Problem(
    'invalid_state',
    isLeftToPeople
      ? `This refund is ${present.status}: it cannot be marked as paid with this reference.`
      : `This refund is paid by ${present.provider}. It can be paid by hand only after ${present.provider} has given up.`,
  )
}

/** Afterwards people pay it by hand, or have the provider retry it under a new key. `reason` is shown to operators. */
export async function markRefundFailed(ctx: Ctx, id: string, reason: string): Promise<RefundRow> {
  const refund = await findRefundFor(ctx, id)
  await requireStatement(ctx, refund.provider)
  if (isUnconfirmed(refund)) await recordRefundFailedByAdmin(ctx, refund, reason)
  const present = await findRefund(ctx, id)
  if (present.status === 'failed' && present.attention === reason) return present
  throw new Problem(
    'invalid_state',
    `Only a sent refund that its provider does not confirm can be marked as failed. This refund is ${present.status}.`,
  )
}

async function findRefundFor(ctx: Ctx, id: string): Promise<RefundRow> {
  await requireLiveUser(ctx)
  const refund = await findRefund(ctx, id)
  const lines = await ctx.db
    .select()
    .from(orderLines)
    .where(eq(orderLines.orderId, refund.orderId))
    .orderBy(asc(orderLines.line))
  const refunded = lines.filter(({ line }) => refund.lines.some((each) => each.line === line))
  await requireRefunds(ctx, refunded.length > 0 ? refunded : lines, 'refund')
  return refund
}
