/** The states of a refund after it is reserved: when to retry, when to poll, when a person must decide. */

import { and, eq, inArray, isNotNull, ne, type SQL, sql } from 'drizzle-orm'
import { enqueueMail } from '../accounts/mail/enqueue-mail.ts'
import { type AuditEntry, insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { newId } from '../core/ids.ts'
import { MINUTE_MS } from '../core/time.ts'
import { whyLate } from '../money/attention-text.ts'
import { account, insertTransfers } from '../money/ledger.ts'
import { FIRST_POLL_MS, LATE_AFTER_MS, nextPoll, SLOWEST_POLL_MS } from '../money/poll-schedule.ts'
import type { Provider } from '../money/provider-name.ts'
import type { Sent } from '../money/providers/port.ts'
import { insertRefund, isUnpaid } from '../money/refund-rows.ts'
import type { RefundRow } from '../money/schema.ts'
import { refunds } from '../money/schema.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { orders } from '../orders/schema.ts'
import { showRefundOnPayment } from './attention.ts'
import { refundEntry } from './audit-refund.ts'
import { refundText } from './history-text.ts'
import type { Payer } from './ledger-rows.ts'
import { paidTransfers } from './ledger-rows.ts'

/** So often the provider may say that it failed; then somebody must look. */
export const MAX_REFUND_TRIES = 5

const FIRST_PAUSE_MS = MINUTE_MS

/** In these a refund is owed and not paid. */
const OPEN = ['due', 'sent', 'failed'] as const

const isOpen = (refund: RefundRow) => and(eq(refunds.id, refund.id), inArray(refunds.status, [...OPEN]))

/** The provider has said for the last time that it failed: it is not tried again until somebody sees to it. */
const isGivenUp = sql`${refunds.status} = 'failed' AND ${refunds.dueAt} IS NULL`

export const BY_HAND: Provider = 'manual'

/** A person may pay what is left to people: nobody else is paying it, nor will. */
export const isHandedToOperators = sql`(${refunds.provider} = ${BY_HAND} OR ${isGivenUp})`

/** Its provider was sent it and is silent: what came of it a person may say, as long as the provider is not being asked. */
export const isUnconfirmed = and(
  ne(refunds.provider, BY_HAND),
  eq(refunds.status, 'sent'),
  isNotNull(refunds.attention),
)!

/**
 * One that people were told of is taken from their hands before its provider hears of it: were it paid by hand or marked as
 * failed meanwhile, the buyer could have it twice. Dying in between leaves it due, and the sweep asks.
 */
export async function claimFromOperator(ctx: Ctx, refund: RefundRow): Promise<boolean> {
  if (refund.attention === null) return true
  const [[taken]] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(refunds)
        .set({
          // One that failed stays so until its provider answers: what it is told to have paid is of an earlier key.
          status: sql`iif(${refunds.status} = 'failed', 'failed', 'sent')`,
          attention: null,
          dueAt: sql`coalesce(${refunds.dueAt}, ${ctx.now + FIRST_POLL_MS})`,
          updatedAt: ctx.now,
        })
        .where(and(isOpen(refund), eq(refunds.tries, refund.tries), isNotNull(refunds.attention)))
        .returning({ id: refunds.id }),
      showRefundOnPayment(ctx, refund),
    ]),
  )
  return taken !== undefined
}

/** What had failed is on its way after all, by the key of an earlier try: nobody pays it meanwhile. */
export const markUnderWay = (ctx: Ctx, refund: RefundRow, tries: number) =>
  withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(refunds)
        .set({
          status: 'sent',
          tries,
          dueAt: ctx.now + FIRST_POLL_MS,
          attention: null,
          updatedAt: ctx.now,
        })
        .where(and(eq(refunds.id, refund.id), eq(refunds.status, 'failed'), eq(refunds.tries, refund.tries))),
      showRefundOnPayment(ctx, refund),
    ]),
  )

/** The money is back with us, and owed to the buyer by a refund of its own; once. */
export async function reissueRefund(ctx: Ctx, refund: RefundRow): Promise<void> {
  const { id, provider, orderId, amount, currency } = refund
  const key = `return:refund:${id}`
  const reason = refundText.cameBack(refund, provider)
  const cash = account.cash(provider)
  const isBack = sql`EXISTS (SELECT 1 FROM ${refunds} WHERE ${refunds.orderId} = ${orderId} AND ${refunds.key} = ${key})`
  const back = {
    transactionId: key,
    part: 0,
    debit: cash,
    credit: account.refunds,
    currency,
    amount,
    orderId,
  }
  await withRetry(() =>
    ctx.db.batch([
      insertRefund(ctx, {
        ...refund,
        id: newId('refund'),
        key,
        request: '',
        reason,
        lines: [],
        status: 'due',
      }),
      insertTransfers(ctx, [back], isBack),
      insertOrderEvent(ctx, orderId, key, reason, isBack),
    ]),
  )
}

/** The money is back with the buyer. */
export async function recordRefundPaid(
  ctx: Ctx,
  refund: RefundRow,
  by: Payer,
  reference: string | null,
  { guard, audited }: { guard?: SQL; audited?: AuditEntry } = {},
): Promise<void> {
  const { id, orderId, amount, currency } = refund
  const isOwedBy = and(isOpen(refund), guard)
  const isOwed = sql`EXISTS (SELECT 1 FROM ${refunds} WHERE ${isOwedBy})`
  const unpaid = sql`EXISTS (SELECT 1 FROM ${refunds} WHERE ${refunds.orderId} = ${orderId} AND ${isUnpaid})`
  const buyer = sql`(SELECT ${orders.userId} FROM ${orders} WHERE ${orders.id} = ${orderId})`
  const paid = await paidTransfers(ctx, refund, by)
  const byBank = by === 'bank'
  const text = byBank
    ? refundText.withYou(refund)
    : refundText.paid(refund, by === BY_HAND ? `hand (${reference})` : by)
  await withRetry(() =>
    ctx.db.batch([
      insertTransfers(ctx, paid, isOwed),
      insertOrderEvent(ctx, orderId, `refund:${id}:paid`, text, isOwed),
      // The bank tells its customers what it did.
      ...(byBank
        ? []
        : [
            enqueueMail(
              ctx,
              { to: buyer, subject: id, kind: 'refund_paid', data: { orderId, amount, currency } },
              isOwed,
            ),
          ]),
      ctx.db
        .update(refunds)
        // By this key it was paid.
        .set({
          status: 'paid',
          tries: refund.tries,
          reference,
          dueAt: null,
          attention: null,
          updatedAt: ctx.now,
        })
        .where(isOwedBy),
      ...(audited === undefined ? [] : [insertAudit(ctx, audited)]),
      showRefundOnPayment(ctx, refund),
      ctx.db
        .update(orders)
        .set({ status: 'refunded', updatedAt: ctx.now })
        .where(and(eq(orders.id, orderId), eq(orders.status, 'refund_due'), sql`NOT ${unpaid}`)),
    ]),
  )
}

/** Failed: once more after a while, each time a longer one; at last it is left to people. */
export async function scheduleRetry(ctx: Ctx, refund: RefundRow, reason: string): Promise<void> {
  const tries = refund.tries + 1
  const isLast = tries >= MAX_REFUND_TRIES
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(refunds)
        .set({
          status: 'failed',
          tries,
          dueAt: isLast ? null : ctx.now + FIRST_PAUSE_MS * 4 ** refund.tries,
          attention: isLast ? reason : null,
          updatedAt: ctx.now,
        })
        .where(and(isOpen(refund), eq(refunds.tries, refund.tries))),
      showRefundOnPayment(ctx, refund),
    ]),
  )
}

/** On its way, or not known: asked again, the less often the longer it takes. */
export async function scheduleNextPoll(
  ctx: Ctx,
  refund: RefundRow,
  { status, reference, reason }: Sent,
): Promise<void> {
  const age = ctx.now - refund.createdAt
  // Of one that was not sent until now nothing can have been said yet, however old it is.
  const isLate = refund.status === 'sent' && age >= LATE_AFTER_MS
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(refunds)
        .set({
          status: 'sent',
          reference: sql`coalesce(${reference}, ${refunds.reference})`,
          dueAt: nextPoll(refund.createdAt, ctx.now) ?? ctx.now + SLOWEST_POLL_MS,
          attention: isLate ? whyLate(refund, status, reason) : null,
          updatedAt: ctx.now,
        })
        .where(and(isOpen(refund), eq(refunds.tries, refund.tries))),
      showRefundOnPayment(ctx, refund),
    ]),
  )
}

export async function handToOperators(ctx: Ctx, refund: RefundRow, attention: string): Promise<void> {
  await withRetry(() =>
    ctx.db.batch([
      ctx.db.update(refunds).set({ attention, dueAt: null, updatedAt: ctx.now }).where(isOpen(refund)),
      showRefundOnPayment(ctx, refund),
    ]),
  )
}

/** By a person, out of the till; nothing happens unless it was left to people. */
export const recordRefundPaidByHand = (ctx: Ctx, refund: RefundRow, reference: string): Promise<void> =>
  recordRefundPaid(ctx, refund, BY_HAND, reference, {
    guard: isHandedToOperators,
    audited: refundEntry(refund, 'refund.marked_paid'),
  })

/** By its provider, which has not said so; nothing happens unless it is silent. */
export const recordRefundPaidByAdmin = (ctx: Ctx, refund: RefundRow, reference: string): Promise<void> =>
  recordRefundPaid(ctx, refund, refund.provider, reference, {
    guard: isUnconfirmed,
    audited: refundEntry(refund, 'refund.marked_paid'),
  })

/** Not by its provider, which has not said so: left to people. Nothing happens unless it is silent. */
export const recordRefundFailedByAdmin = (ctx: Ctx, refund: RefundRow, reason: string) =>
  withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(refunds)
        .set({
          status: 'failed',
          tries: refund.tries + 1,
          dueAt: null,
          attention: reason,
          updatedAt: ctx.now,
        })
        .where(and(eq(refunds.id, refund.id), eq(refunds.tries, refund.tries), isUnconfirmed)),
      insertAudit(ctx, refundEntry(refund, 'refund.marked_failed')),
      showRefundOnPayment(ctx, refund),
    ]),
  )
