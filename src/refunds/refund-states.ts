/** The states of a refund after it is reserved: when to retry, when to poll, when a person must decide. */

import { and, eq, inArray, isNotNull, isNull, ne, type SQL, sql } from 'drizzle-orm'
import { enqueueMail } from '../accounts/mail/enqueue-mail.ts'
import { type AuditEntry, insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { newId } from '../core/ids.ts'
import { formatMoney } from '../core/money.ts'
import { MINUTE_MS } from '../core/time.ts'
import { attentionText, whyLate } from '../money/attention-text.ts'
import { account, insertTransfers } from '../money/ledger.ts'
import { FIRST_POLL_MS, LATE_AFTER_MS, nextPoll, SLOWEST_POLL_MS } from '../money/poll-schedule.ts'
import type { Provider } from '../money/provider-name.ts'
import type { Sent } from '../money/providers/port.ts'
import { insertRefund, isUnpaid } from '../money/refund-rows.ts'
import type { RefundRow } from '../money/schema.ts'
import { payments, refunds } from '../money/schema.ts'
import { isUnconfirmedSql } from '../money/unconfirmed.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { orders } from '../orders/schema.ts'
import { flagDispute, showRefundOnPayment } from './attention.ts'
import { refundEntry } from './audit-refund.ts'
import { mailSubjectOf } from './cancelled-event-mail.ts'
import { refundText } from './history-text.ts'
import type { Payer } from './ledger-rows.ts'
import { linesOf, paidTransfers, refundedItems } from './ledger-rows.ts'

/** After this many failures at the provider a person must decide. */
const MAX_REFUND_TRIES = 5

const FIRST_PAUSE_MS = MINUTE_MS

/** The statuses of a refund that is owed and not paid. */
const OPEN = ['due', 'sent', 'failed'] as const

const isOpen = (refund: RefundRow) => and(eq(refunds.id, refund.id), inArray(refunds.status, [...OPEN]))

/** All tries failed. The refund is not retried until a person acts. */
const isGivenUp = sql`${refunds.status} = 'failed' AND ${refunds.dueAt} IS NULL`

export const BY_HAND: Provider = 'manual'

/** A person may pay it by hand, because no provider is paying it or will. */
const isHandedToOperators = sql`(${refunds.provider} = ${BY_HAND} OR ${isGivenUp})`

/** Longer than the calls of one request to a provider. */
const LEASE_MS = MINUTE_MS

/** Until when a call to the provider that starts now has the refund to itself. */
const leaseEnd = ({ now }: Pick<Ctx, 'now'>): number => now + LEASE_MS

/**
 * Claims a refund for one call to its provider. Race: two sweeps overlap, one of them with a row that it read long ago; or
 * an operator pays it by hand at this moment. Safe: the claim fails unless the refund is as it was read, and afterwards it
 * is neither due nor left to operators. After a crash it is due again once the lease has ended.
 */
export async function claimForCall(ctx: Ctx, refund: RefundRow): Promise<boolean> {
  const claim = ctx.db
    .update(refunds)
    .set({
      // Operators no longer see it. A failed one stays failed until its provider answers: an event before is about an earlier key.
      status: sql`iif(${refunds.attention} IS NULL OR ${refunds.status} = 'failed', ${refunds.status}, 'sent')`,
      attention: null,
      dueAt: leaseEnd(ctx),
      updatedAt: ctx.now,
    })
    .where(and(isOpen(refund), isAsRead(refund)))
    .returning({ id: refunds.id })
  const [[claimed]] = await withRetry(() =>
    ctx.db.batch(refund.attention === null ? [claim] : [claim, showRefundOnPayment(ctx, refund)]),
  )
  return claimed !== undefined
}

/** The call had an error: the refund is due as before, so that the sweep or a repeat makes the next call. */
export const endLease = (ctx: Ctx, refund: RefundRow) =>
  withRetry(() =>
    ctx.db
      .update(refunds)
      .set({ dueAt: refund.dueAt ?? ctx.now + FIRST_POLL_MS })
      .where(and(isOpen(refund), eq(refunds.tries, refund.tries), eq(refunds.dueAt, leaseEnd(ctx)))),
  )

const isAsRead = ({ tries, dueAt, attention }: RefundRow): SQL =>
  and(
    eq(refunds.tries, tries),
    sql`${refunds.dueAt} IS ${dueAt}`,
    attention === null ? isNull(refunds.attention) : isNotNull(refunds.attention),
  )!

/** A failed refund is under way after all, under the key of an earlier try. Nobody else may pay it meanwhile. */
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

/** A paid refund came back to us. A new refund owes the money to the buyer again. Idempotent. */
export async function reissueRefund(ctx: Ctx, refund: RefundRow): Promise<void> {
  const { id, provider, orderId, amount, currency } = refund
  const key = `return:refund:${id}`
  const reason = refundText.cameBack(refund, provider)
  const cash = account.cash(provider)
  const isReissued = sql`EXISTS (SELECT 1 FROM ${refunds} WHERE ${refunds.orderId} = ${orderId} AND ${refunds.key} = ${key})`
  const transfer = {
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
      insertTransfers(ctx, [transfer], isReissued),
      insertOrderEvent(ctx, orderId, key, reason, isReissued),
    ]),
  )
}

/** The provider calls a paid refund failed, and does not say that the money is back. Once: a repeat adds nothing. */
export async function flagContradiction(ctx: Ctx, refund: RefundRow, why: string | null): Promise<void> {
  const { provider, paymentId } = refund
  const reason = `it reports as failed what is recorded as paid: a refund of ${formatMoney(refund)}${why === null ? '' : ` (${why})`}`
  const text = attentionText.contradiction(provider, reason)
  const isNew = sql`EXISTS (SELECT 1 FROM ${payments} WHERE ${payments.id} = ${paymentId}
    AND instr(coalesce(${payments.attention}, ''), ${text}) = 0)`
  await withRetry(() => flagDispute(ctx, refund, text, isNew))
}

/** Records that the buyer has the money. Does nothing if the refund is not owed, or `guard` does not hold. */
export async function recordRefundPaid(
  ctx: Ctx,
  refund: RefundRow,
  by: Payer,
  reference: string | null,
  { guard, audited }: { guard?: SQL; audited?: AuditEntry } = {},
): Promise<void> {
  const { id, orderId, amount, currency, reason } = refund
  const isOwedBy = and(isOpen(refund), guard)
  const isOwed = sql`EXISTS (SELECT 1 FROM ${refunds} WHERE ${isOwedBy})`
  const unpaid = sql`EXISTS (SELECT 1 FROM ${refunds} WHERE ${refunds.orderId} = ${orderId} AND ${isUnpaid})`
  const buyer = sql`(SELECT ${orders.userId} FROM ${orders} WHERE ${orders.id} = ${orderId})`
  const lines = await linesOf(ctx, orderId)
  const paid = paidTransfers(refund, lines, by)
  const data = { orderId, amount, currency, reason, ...refundedItems(refund, lines) }
  const subject = mailSubjectOf(refund)
  const byBank = by === 'bank'
  const text = byBank
    ? refundText.paidByBank(refund)
    : refundText.paid(refund, by === BY_HAND ? `hand (${reference})` : by)
  await withRetry(() =>
    ctx.db.batch([
      insertTransfers(ctx, paid, isOwed),
      insertOrderEvent(ctx, orderId, `refund:${id}:paid`, text, isOwed),
      // A bank notifies its own customers, so no mail is sent.
      ...(byBank ? [] : [enqueueMail(ctx, { to: buyer, subject, kind: 'refund_paid', data }, isOwed)]),
      ctx.db
        .update(refunds)
        .set({
          status: 'paid',
          // The try whose key the provider paid.
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

/** The provider failed. Retries after a pause that grows with each try. After the last try operators decide. */
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

/** The refund is under way, or the provider does not know. It is polled again, less often as it gets older. */
export async function scheduleNextPoll(
  ctx: Ctx,
  refund: RefundRow,
  { status, reference, reason }: Sent,
): Promise<void> {
  const age = ctx.now - refund.createdAt
  // A refund that was sent only now is not late, however old it is.
  const isLate = refund.status === 'sent' && age >= LATE_AFTER_MS
  const next = nextPoll(refund.createdAt, ctx.now) ?? ctx.now + SLOWEST_POLL_MS
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(refunds)
        .set({
          status: 'sent',
          reference: sql`coalesce(${reference}, ${refunds.reference})`,
          // An event that came during the call has made it due: the answer may be older than the event.
          dueAt: sql`iif(${refunds.dueAt} < ${leaseEnd(ctx)}, ${refunds.dueAt}, ${next})`,
          attention: isLate ? whyLate(refund, status, reason) : null,
          updatedAt: ctx.now,
        })
        .where(and(isOpen(refund), eq(refunds.tries, refund.tries))),
      showRefundOnPayment(ctx, refund),
    ]),
  )
}

/** The provider does not hold the money for the organisation. Sales and top-ups may bring it, so it is tried again. */
export async function waitForCover(ctx: Ctx, refund: RefundRow): Promise<void> {
  const dueAt = nextPoll(refund.createdAt, ctx.now) ?? ctx.now + SLOWEST_POLL_MS
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(refunds)
        .set({ attention: attentionText.notHeld(refund.provider), dueAt, updatedAt: ctx.now })
        .where(and(isOpen(refund), eq(refunds.tries, refund.tries), ne(refunds.status, 'sent'))),
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

/** An operator paid it by hand. Does nothing unless the refund was handed to operators. */
export const recordRefundPaidByHand = (ctx: Ctx, refund: RefundRow, reference: string): Promise<void> =>
  recordRefundPaid(ctx, refund, BY_HAND, reference, {
    guard: isHandedToOperators,
    audited: refundEntry(refund, 'refund.marked_paid'),
  })

/** An administrator saw in the provider's statement that it was paid. Does nothing unless it is unconfirmed. */
export const recordRefundPaidByAdmin = (ctx: Ctx, refund: RefundRow, reference: string): Promise<void> =>
  recordRefundPaid(ctx, refund, refund.provider, reference, {
    guard: isUnconfirmedSql(refunds),
    audited: refundEntry(refund, 'refund.marked_paid'),
  })

/**
 * An administrator saw that the provider did not pay it. Operators decide next. Does nothing unless it is unconfirmed.
 */
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
        .where(and(eq(refunds.id, refund.id), eq(refunds.tries, refund.tries), isUnconfirmedSql(refunds))),
      insertAudit(ctx, refundEntry(refund, 'refund.marked_failed')),
      showRefundOnPayment(ctx, refund),
    ]),
  )
