/** Sends a refund that is due back where its money came from; asked again, at any time, it is sent once. */
import { and, eq, inArray, isNotNull, ne, type SQL, sql } from 'drizzle-orm'
import { enqueueMail } from '../accounts/mail/enqueue-mail.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { newId } from '../core/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { account, insertTransfers } from '../money/ledger.ts'
import { providerOf } from '../money/providers/index.ts'
import type { Sent } from '../money/providers/port.ts'
import { insertRefund, isDispute, isUnpaid } from '../money/refund-rows.ts'
import {
  type PaymentRow,
  payments,
  type ReceiptRow,
  type RefundRow,
  receipts,
  refunds,
  transfers,
} from '../money/schema.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { orders } from '../orders/schema.ts'
import type { Provider } from '../raffles/contract.ts'
import { findRefund } from './find-refund.ts'
import { tellRefund } from './history-text.ts'
import { lossesBefore, type Payer, paidTransfers } from './ledger-rows.ts'

/** So often the provider may say that it failed; then somebody must look. */
export const MAX_REFUND_TRIES = 5
const FIRST_PAUSE_MS = MINUTE_MS
const FIRST_LOOK_MS = 20 * SECOND_MS
const LAST_LOOK_MS = 60 * MINUTE_MS
/** What is not decided by then somebody is told of, while it goes on being tried. */
export const LATE_AFTER_MS = 60 * MINUTE_MS

/** In these a refund is owed and not paid. */
const OPEN = ['due', 'sent', 'failed'] as const
const isOpen = (refund: RefundRow) => and(eq(refunds.id, refund.id), inArray(refunds.status, [...OPEN]))

/** The provider has said for the last time that it failed: it is not tried again until somebody sees to it. */
const isGivenUp = sql`${refunds.status} = 'failed' AND ${refunds.dueAt} IS NULL`
const BY_HAND: Provider = 'manual'
/** A person may pay what is left to people: nobody else is paying it, nor will. */
const isLeftToPeople = sql`(${refunds.provider} = ${BY_HAND} OR ${isGivenUp})`
/** Its provider was sent it and is silent: what came of it a person may say, as long as the provider is not being asked. */
const isSilent = and(ne(refunds.provider, BY_HAND), eq(refunds.status, 'sent'), isNotNull(refunds.attention))!

export async function sendRefund(ctx: Ctx, refund: RefundRow): Promise<RefundRow> {
  if (isDispute(refund)) await refundPaid(ctx, refund, 'bank', null)
  else if (refund.provider === BY_HAND)
    await leaveToPeople(ctx, refund, 'Pay it back by hand, and say so here.')
  else if (await takeOn(ctx, refund)) await askProvider(ctx, refund)
  return findRefund(ctx, refund.id)
}

/**
 * One that people were told of is taken from their hands before its provider hears of it: were it paid by hand or marked as
 * failed meanwhile, the buyer could have it twice. Dying in between leaves it due, and the sweep asks.
 */
async function takeOn(ctx: Ctx, refund: RefundRow): Promise<boolean> {
  if (refund.attention === null) return true
  const [[taken]] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(refunds)
        .set({
          // One that failed stays so until its provider answers: what it is told to have paid is of an earlier key.
          status: sql`iif(${refunds.status} = 'failed', 'failed', 'sent')`,
          attention: null,
          dueAt: sql`coalesce(${refunds.dueAt}, ${ctx.now + FIRST_LOOK_MS})`,
          updatedAt: ctx.now,
        })
        .where(and(isOpen(refund), eq(refunds.tries, refund.tries), isNotNull(refunds.attention)))
        .returning({ id: refunds.id }),
      tellPayment(ctx, refund),
    ]),
  )
  return taken !== undefined
}

async function askProvider(ctx: Ctx, refund: RefundRow): Promise<void> {
  const [[payment], [capture], losses] = await ctx.db.batch([
    ...whatItRepays(ctx, refund),
    lossesBefore(ctx, refund),
  ])
  if (losses.length > 0) {
    await refundPaid(ctx, refund, 'bank', null)
    return
  }
  const sent = await send(ctx, refund, keyOf(refund, refund.tries), payment!, capture!)
  if (sent.status === 'succeeded') await refundPaid(ctx, refund, refund.provider, sent.reference)
  else if (sent.status === 'failed')
    await tryAgain(ctx, refund, sent.reason ?? 'The provider gave no reason.')
  else await lookAgain(ctx, refund, sent)
}

const whatItRepays = (ctx: Ctx, { provider, paymentId, receipt }: RefundRow) =>
  [
    ctx.db.select().from(payments).where(eq(payments.id, paymentId)),
    ctx.db
      .select()
      .from(receipts)
      .where(and(eq(receipts.provider, provider), eq(receipts.reference, receipt))),
  ] as const

/** Asked again with the same key, the provider says how that one stands. */
function send(
  ctx: Ctx,
  refund: RefundRow,
  id: string,
  payment: PaymentRow,
  capture: ReceiptRow,
): Promise<Sent> {
  const { provider, amount, currency, createdAt } = refund
  return providerOf(provider).refund(ctx, { id, amount, currency, createdAt, payment, capture })
}

/** The provider's key: what has failed there for good is asked for anew under another one, and only that. */
const keyOf = ({ id }: RefundRow, tries: number): string => (tries === 0 ? id : `${id}.${tries}`)

/**
 * Of one that was decided its provider tells again, so that it can be asked by the key that it was sent under last: what
 * had failed may have arrived after all, and what had arrived may have come back.
 */
export async function checkDecidedRefund(ctx: Ctx, refund: RefundRow): Promise<void> {
  const { id, provider } = refund
  if (provider === BY_HAND || isDispute(refund)) return
  const [[payment], [capture], paidThere] = await ctx.db.batch([
    ...whatItRepays(ctx, refund),
    ctx.db
      .select({ part: transfers.part })
      .from(transfers)
      .where(
        and(eq(transfers.transactionId, `refund:${id}:paid`), eq(transfers.credit, account.cash(provider))),
      ),
  ])
  const ask = (tries: number) => send(ctx, refund, keyOf(refund, tries), payment!, capture!)
  if (refund.status === 'failed' && refund.tries > 0) {
    const tries = refund.tries - 1
    const late = await ask(tries)
    if (late.status === 'succeeded') await refundPaid(ctx, { ...refund, tries }, provider, late.reference)
    else if (late.status !== 'failed') await isUnderWay(ctx, refund, tries)
  } else if (refund.status === 'paid' && paidThere.length > 0) {
    const { status } = await ask(refund.tries)
    if (status === 'failed') await oweAgain(ctx, refund)
  }
}

/** What had failed is on its way after all, by the key of an earlier try: nobody pays it meanwhile. */
const isUnderWay = (ctx: Ctx, refund: RefundRow, tries: number) =>
  withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(refunds)
        .set({
          status: 'sent',
          tries,
          dueAt: ctx.now + FIRST_LOOK_MS,
          attention: null,
          updatedAt: ctx.now,
        })
        .where(and(eq(refunds.id, refund.id), eq(refunds.status, 'failed'), eq(refunds.tries, refund.tries))),
      tellPayment(ctx, refund),
    ]),
  )

/** The money is back with us, and owed to the buyer by a refund of its own; once. */
async function oweAgain(ctx: Ctx, refund: RefundRow): Promise<void> {
  const { id, provider, orderId, amount, currency } = refund
  const key = `return:refund:${id}`
  const reason = tellRefund.cameBack(refund, provider)
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

/** By a person, out of the till; nothing happens unless it was left to people. */
export const refundPaidByHand = (ctx: Ctx, refund: RefundRow, reference: string): Promise<void> =>
  refundPaid(ctx, refund, BY_HAND, reference, isLeftToPeople)

/** By its provider, which has not said so; nothing happens unless it is silent. */
export const refundPaidUntold = (ctx: Ctx, refund: RefundRow, reference: string): Promise<void> =>
  refundPaid(ctx, refund, refund.provider, reference, isSilent)

/** Not by its provider, which has not said so: left to people. Nothing happens unless it is silent. */
export const refundFailedUntold = (ctx: Ctx, refund: RefundRow, reason: string) =>
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
        .where(and(eq(refunds.id, refund.id), eq(refunds.tries, refund.tries), isSilent)),
      tellPayment(ctx, refund),
    ]),
  )

/** The money is back with the buyer. */
async function refundPaid(
  ctx: Ctx,
  refund: RefundRow,
  by: Payer,
  reference: string | null,
  guard?: SQL,
): Promise<void> {
  const { id, orderId, amount, currency } = refund
  const isOwedBy = and(isOpen(refund), guard)
  const isOwed = sql`EXISTS (SELECT 1 FROM ${refunds} WHERE ${isOwedBy})`
  const unpaid = sql`EXISTS (SELECT 1 FROM ${refunds} WHERE ${refunds.orderId} = ${orderId} AND ${isUnpaid})`
  const buyer = sql`(SELECT ${orders.userId} FROM ${orders} WHERE ${orders.id} = ${orderId})`
  const paid = await paidTransfers(ctx, refund, by)
  const byBank = by === 'bank'
  const text = byBank
    ? tellRefund.withYou(refund)
    : tellRefund.paid(refund, by === BY_HAND ? `hand (${reference})` : by)
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
      tellPayment(ctx, refund),
      ctx.db
        .update(orders)
        .set({ status: 'refunded', updatedAt: ctx.now })
        .where(and(eq(orders.id, orderId), eq(orders.status, 'refund_due'), sql`NOT ${unpaid}`)),
    ]),
  )
}

/** Failed: once more after a while, each time a longer one; at last it is left to people. */
async function tryAgain(ctx: Ctx, refund: RefundRow, reason: string): Promise<void> {
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
      tellPayment(ctx, refund),
    ]),
  )
}

/** On its way, or not known: asked again, the less often the longer it takes. */
async function lookAgain(ctx: Ctx, refund: RefundRow, { status, reference, reason }: Sent): Promise<void> {
  const age = ctx.now - refund.createdAt
  const pause = Math.round(Math.min(LAST_LOOK_MS, Math.max(FIRST_LOOK_MS, age / 2)))
  // Of one that was not sent until now nothing can have been said yet, however old it is.
  const isLate = refund.status === 'sent' && age >= LATE_AFTER_MS
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(refunds)
        .set({
          status: 'sent',
          reference: sql`coalesce(${reference}, ${refunds.reference})`,
          dueAt: ctx.now + pause,
          attention: isLate ? whyLate(refund, status, reason) : null,
          updatedAt: ctx.now,
        })
        .where(and(isOpen(refund), eq(refunds.tries, refund.tries))),
      tellPayment(ctx, refund),
    ]),
  )
}

const whyLate = ({ provider }: RefundRow, status: Sent['status'], reason: string | null): string =>
  status === 'pending'
    ? `${provider} has not said yet whether it is paid.`
    : `${provider} does not know what became of it${reason === null ? '' : `: ${reason}`}.`

async function leaveToPeople(ctx: Ctx, refund: RefundRow, attention: string): Promise<void> {
  await withRetry(() =>
    ctx.db.batch([
      ctx.db.update(refunds).set({ attention, dueAt: null, updatedAt: ctx.now }).where(isOpen(refund)),
      tellPayment(ctx, refund),
    ]),
  )
}

const WAITS = 'A refund waits: '
/** Of a payment: that is why somebody must look at it. */
export const isForRefund = sql`substr(${payments.attention}, 1, ${WAITS.length}) = ${WAITS}`

/**
 * Operators have one list of what needs them: a refund that does puts its payment there, and takes it away again. Where that
 * is there for another reason, the refund's turn comes after it.
 */
export function tellPayment(ctx: Ctx, { orderId, paymentId }: Pick<RefundRow, 'orderId' | 'paymentId'>) {
  return ctx.db
    .update(payments)
    .set({
      attention: sql`(SELECT ${WAITS} || ${refunds.attention} FROM ${refunds}
        WHERE ${refunds.orderId} = ${orderId} AND ${refunds.paymentId} = ${paymentId}
          AND ${refunds.attention} IS NOT NULL LIMIT 1)`,
    })
    .where(
      and(
        eq(payments.id, paymentId),
        eq(payments.status, 'succeeded'),
        sql`(${payments.attention} IS NULL OR ${isForRefund})`,
      ),
    )
}

/** Of a payment whose money was taken back: whoever reads of it dismisses it. Beside another reason, it is another sentence. */
export const tellOfDispute = (
  ctx: Ctx,
  { paymentId }: Pick<RefundRow, 'paymentId'>,
  text: string,
  guard: SQL,
) =>
  ctx.db
    .update(payments)
    .set({
      attention: sql`iif(${payments.attention} IS NULL OR ${isForRefund}, '', ${payments.attention} || ' ') || ${text}`,
      updatedAt: ctx.now,
    })
    .where(and(eq(payments.id, paymentId), guard))
