/**
 * The mail about the refunds of an order of a cancelled event. Each ticket type is refunded by itself, but the buyer gets one
 * mail: the first refund that is paid enqueues it, and what it says is read when it is sent.
 */
import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import type { MailFacts } from '../accounts/mail/kinds.ts'
import type { MailOf } from '../accounts/mail/reads.ts'
import type { Ctx } from '../core/context.ts'
import { ticketTypes } from '../events/schema.ts'
import { account } from '../money/ledger.ts'
import { type RefundRow, refunds, transfers } from '../money/schema.ts'
import { orderLines } from '../orders/schema.ts'
import { cancelKeySql } from './refund-run.ts'

const PREFIX = 'cancelled:'

/** The subject of the mail about a paid refund. All refunds of an order for one cancelled event share it. */
export const mailSubjectOf = ({ id, orderId, key }: RefundRow): SQL => sql`coalesce(
  (SELECT ${PREFIX} || ${ticketTypes.eventId} || ':' || ${orderId} FROM ${ticketTypes}
    WHERE ${ticketTypes.id} = substr(${key}, ${'cancel:'.length + 1}) AND ${key} LIKE 'cancel:%'), ${id})`

/** What was sent back until now, and what is still to come. Of other refunds the data says all. */
export async function readRefunded(
  ctx: Ctx,
  { subject }: MailOf<'refund_paid'>,
): Promise<MailFacts['refund_paid']> {
  const [eventId, orderId] = subject.startsWith(PREFIX) ? subject.slice(PREFIX.length).split(':') : []
  if (eventId === undefined || orderId === undefined) return { waiting: 0 }
  // The bank of a payer who disputed the payment tells its own customer.
  const isByBank = sql`EXISTS (SELECT 1 FROM ${transfers}
    WHERE ${transfers.transactionId} = 'refund:' || ${refunds.id} || ':paid' AND ${transfers.credit} = ${account.disputes})`
  const parts = await ctx.db
    .select({
      title: orderLines.title,
      unitAmount: orderLines.unitAmount,
      // Its refund may not be written yet.
      amount: sql<number>`coalesce(${refunds.amount}, iif(${orderLines.state} = 'issued',
        (${orderLines.quantity} - ${orderLines.refundedQuantity}) * ${orderLines.unitAmount}, 0))`,
      isPaid: sql<boolean>`coalesce(${refunds.status} = 'paid', 0)`.mapWith(Boolean),
      isByBank: sql<boolean>`${isByBank}`.mapWith(Boolean),
    })
    .from(orderLines)
    .innerJoin(ticketTypes, and(eq(ticketTypes.id, orderLines.itemId), eq(ticketTypes.eventId, eventId)))
    .leftJoin(refunds, and(eq(refunds.orderId, orderLines.orderId), eq(refunds.key, cancelKeySql)))
    .where(eq(orderLines.orderId, orderId))
    .orderBy(asc(orderLines.line))
  const owed = parts.filter(({ amount, isByBank: byBank }) => amount > 0 && !byBank)
  const sumOf = (some: typeof owed) => some.reduce((sum, { amount }) => sum + amount, 0)
  const paid = owed.filter(({ isPaid }) => isPaid)
  return {
    amount: sumOf(paid),
    items: paid.map(({ title, amount, unitAmount }) => ({
      title,
      quantity: Math.round(amount / unitAmount),
    })),
    waiting: sumOf(owed) - sumOf(paid),
  }
}
