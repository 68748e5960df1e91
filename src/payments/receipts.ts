/** Receipts: money that a provider captured for an order. Each capture is recorded once. */

import type { SQL } from 'drizzle-orm'
import { and, asc, eq, inArray, isNull, ne, or, sql } from 'drizzle-orm'
import { type AuditEntry, insertAudit } from '../audit/insert-audit.ts'
import { audit } from '../audit/schema.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import type { Transfer } from '../money/ledger.ts'
import { account, insertTransfers, tillOf } from '../money/ledger.ts'
import type { Provider } from '../money/provider-name.ts'
import type { Capture } from '../money/providers/port.ts'
import { receiptKey } from '../money/receipt-key.ts'
import type { PaymentRow, ReceiptRow } from '../money/schema.ts'
import { payments, receipts } from '../money/schema.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { historyText } from '../orders/history-text.ts'
import type { OrderLineRow, OrderRow } from '../orders/schema.ts'
import { orderLines, orders } from '../orders/schema.ts'
import { mayStillBePaid } from './late-payment.ts'

/** An order with its lines and all receipts so far. */
export interface Received {
  order: OrderRow
  lines: OrderLineRow[]
  arrived: ReceiptRow[]
}

export const isReceiptOf = (receipt: ReceiptRow, payment: PaymentRow, capture: Capture): boolean =>
  receipt.provider === payment.provider &&
  receipt.paymentId === payment.id &&
  isNamed(receipt, capture) &&
  receipt.amount === capture.amount &&
  receipt.currency === capture.currency

/** A receipt that a person recorded has the name from the statement, which may be the capture's id or its number. */
const isNamed = ({ reference, receiptNumber }: ReceiptRow, capture: Capture): boolean =>
  reference === capture.reference || (receiptNumber !== null && namesOf(capture).includes(receiptNumber))

const namesOf = ({ reference, receiptNumber = reference }: Capture): string[] => [reference, receiptNumber]

/** Repeats the provider on each side, so that each side uses its own index. */
export const isReceiptNamed = (provider: Provider, names: string[]): SQL =>
  or(
    and(eq(receipts.provider, provider), inArray(receipts.reference, names)),
    and(eq(receipts.provider, provider), inArray(receipts.receiptNumber, names)),
  )!

/** Adds the receipt number of a capture if it was not known before. Returns false if it does not match our records. */
export async function recordReceiptNumber(ctx: Ctx, receipt: ReceiptRow, capture: Capture): Promise<boolean> {
  const { receiptNumber } = capture
  if (receiptNumber === undefined || namesOf(capture).includes(receipt.receiptNumber ?? '')) return true
  const { provider, reference } = receipt
  const isTaken = sql`EXISTS (SELECT 1 FROM receipts AS other WHERE other.provider = ${provider}
    AND other.receipt_number = ${receiptNumber} AND other.reference <> ${reference})`
  const isRecorded = sql`EXISTS (SELECT 1 FROM ${receipts} WHERE ${receipts.provider} = ${provider}
    AND ${receipts.reference} = ${reference} AND ${receipts.receiptNumber} = ${receiptNumber})`
  const [[recorded]] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(receipts)
        .set({ receiptNumber })
        .where(
          and(
            eq(receipts.provider, provider),
            eq(receipts.reference, reference),
            or(isNull(receipts.receiptNumber), eq(receipts.receiptNumber, receiptNumber)),
            sql`NOT ${isTaken}`,
          ),
        )
        .returning({ reference: receipts.reference }),
      insertOrderEvent(
        ctx,
        receipt.orderId,
        `number:${receiptKey(receipt)}`,
        historyText.receiptNumber(receiptNumber),
        isRecorded,
      ),
    ]),
  )
  return recorded !== undefined
}

export const linesOf = (ctx: Ctx, orderId: string) =>
  ctx.db.select().from(orderLines).where(eq(orderLines.orderId, orderId)).orderBy(asc(orderLines.line))

export const receiptsOf = (ctx: Ctx, orderId: string) =>
  ctx.db.select().from(receipts).where(eq(receipts.orderId, orderId))

/** Money that a person took stays with the organisation of the order's first line. */
async function tillOfOrder(ctx: Ctx, provider: Provider, orderId: string): Promise<string> {
  if (provider !== 'manual') return account.cash(provider)
  const [first] = await linesOf(ctx, orderId)
  return tillOf(provider, first!.organisationId)
}

/**
 * Records a capture and reads what there is to settle, in one batch, so that nothing changes in between. Does nothing
 * if the capture is already recorded: by another payment, with another sum, or under the name from its statement.
 */
export async function recordCapture(
  ctx: Ctx,
  payment: PaymentRow,
  capture: Capture,
  guard: SQL,
  audited?: AuditEntry,
): Promise<Received> {
  const { provider, orderId } = payment
  const { reference, amount, currency, fee = 0 } = capture
  const key = receiptKey({ provider, reference })
  const till = await tillOfOrder(ctx, provider, orderId)
  const isOurs = sql`EXISTS (SELECT 1 FROM ${receipts}
    WHERE ${receipts.provider} = ${provider} AND ${receipts.reference} = ${reference}
      AND ${receipts.paymentId} = ${payment.id} AND ${receipts.orderId} = ${orderId}
      AND ${receipts.amount} = ${amount} AND ${receipts.currency} = ${currency})`
  const isKnown = sql`EXISTS (SELECT 1 FROM ${receipts} WHERE ${isReceiptNamed(provider, namesOf(capture))})`
  // If the process dies before the order is settled, the next poll of its payment settles it. No poll finds what a person
  // reported, so that order is due now.
  const isPolled = sql`(${audited === undefined ? 1 : 0} AND EXISTS (SELECT 1 FROM ${payments}
    WHERE ${payments.id} = ${payment.id} AND ${payments.dueAt} IS NOT NULL))`
  const isBeingSettled = sql`${orders.receipt} = ${key} AND ${orders.settledAt} IS NULL AND ${isPolled}`
  const to = { transactionId: `receipt:${key}`, currency, orderId }
  const arrived: Transfer[] = [{ ...to, part: 0, debit: till, credit: account.deposits, amount }]
  if (fee > 0) arrived.push({ ...to, part: 1, debit: account.fees, credit: till, amount: fee })
  const [, , [order], , , lines, present] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .insert(receipts)
        .select(sql`
          SELECT ${provider}, ${reference}, ${payment.id}, ${orderId}, ${amount}, ${currency}, ${ctx.now},
                 ${capture.receiptNumber ?? null}
          WHERE ${guard} AND NOT ${isKnown}`)
        .onConflictDoNothing(),
      insertTransfers(ctx, arrived, isOurs),
      ctx.db
        .update(orders)
        .set({
          receipt: sql`iif(${orders.receipt} IS NULL AND ${orders.amount} <= ${amount} AND ${orders.currency} = ${currency}
            AND ${mayStillBePaid} AND ${isOurs}, ${key}, ${orders.receipt})`,
        })
        .where(eq(orders.id, orderId))
        .returning(),
      ctx.db
        .update(orders)
        .set({ dueAt: ctx.now })
        .where(
          and(
            eq(orders.id, orderId),
            isOurs,
            sql`NOT (${orders.receipt} IS NOT NULL AND ${isBeingSettled} AND ${orders.dueAt} IS NOT NULL)`,
          ),
        ),
      ctx.db
        .update(payments)
        .set({ status: 'succeeded', dueAt: null, attention: null, updatedAt: ctx.now })
        .where(
          and(
            eq(payments.id, payment.id),
            ne(payments.status, 'succeeded'),
            isOurs,
            sql`NOT EXISTS (SELECT 1 FROM ${orders} WHERE ${orders.id} = ${orderId} AND ${isBeingSettled})`,
          ),
        ),
      linesOf(ctx, orderId),
      receiptsOf(ctx, orderId),
      ...(audited === undefined ? [] : [insertReceiptAudit(ctx, audited, isOurs)]),
    ]),
  )
  return { order: order!, lines, arrived: present }
}

/**
 * A receipt and its audit entry have the same time. So a receipt that existed before is not audited for this request,
 * and a retry of the batch does not audit twice.
 */
function insertReceiptAudit(ctx: Ctx, entry: AuditEntry, isOurs: SQL) {
  const isNew = sql`EXISTS (SELECT 1 FROM ${receipts} WHERE ${receipts.paymentId} = ${entry.subject.id}
    AND ${receipts.at} = ${ctx.now})`
  const isAudited = sql`EXISTS (SELECT 1 FROM ${audit} WHERE ${audit.subjectId} = ${entry.subject.id}
    AND ${audit.action} = ${entry.action} AND ${audit.at} = ${ctx.now})`
  return insertAudit(ctx, entry, sql`${isOurs} AND ${isNew} AND NOT ${isAudited}`)
}
