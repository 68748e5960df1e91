/**
 * What people say came of a refund. An operator who has paid it by hand: where its money came by hand too, or its provider
 * gave up. An administrator, of one that its provider was sent and is silent about: it has paid, or it has not.
 */
import { asc, eq } from 'drizzle-orm'
import { requireLiveUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { requireStatement } from '../money/require-statement.ts'
import type { RefundRow } from '../money/schema.ts'
import { orderLines } from '../orders/schema.ts'
import { findRefund } from './find-refund.ts'
import {
  recordRefundFailedByAdmin,
  recordRefundPaidByAdmin,
  recordRefundPaidByHand,
} from './refund-states.ts'
import { requireRefunds } from './require-refunds.ts'

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
      ? `This refund is ${present.status}: it cannot be marked as paid so.`
      : `This refund is paid by ${present.provider}, not by hand, as long as that has not given up.`,
  )
}

/** By `reason`: people pay it by hand then, or have the provider asked once more, under another key. */
export async function markRefundFailed(ctx: Ctx, id: string, reason: string): Promise<RefundRow> {
  const refund = await findRefundFor(ctx, id)
  await requireStatement(ctx, refund.provider)
  if (isUnconfirmed(refund)) await recordRefundFailedByAdmin(ctx, refund, reason)
  const present = await findRefund(ctx, id)
  if (present.status === 'failed' && present.attention === reason) return present
  throw new Problem(
    'invalid_state',
    `Only a refund that was sent, and of which its provider does not say what became, can be marked as failed; this one is ${present.status}.`,
  )
}

const isUnconfirmed = ({ provider, status, attention }: RefundRow): boolean =>
  provider !== 'manual' && status === 'sent' && attention !== null

async function findRefundFor(ctx: Ctx, id: string): Promise<RefundRow> {
  await requireLiveUser(ctx)
  const refund = await findRefund(ctx, id)
  const lines = await ctx.db
    .select()
    .from(orderLines)
    .where(eq(orderLines.orderId, refund.orderId))
    .orderBy(asc(orderLines.line))
  const touched = lines.filter(({ line }) => refund.lines.some((each) => each.line === line))
  await requireRefunds(ctx, touched.length > 0 ? touched : lines, 'refund')
  return refund
}
