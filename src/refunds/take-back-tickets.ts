/**
 * The second step of a refund that somebody asked for: its tickets are taken back where they are held, and then, in one
 * batch, the ledger owes their price, and what the order has earned is asked back and goes. What cannot be taken back any
 * more is given up, and stays a ticket; if its buyer's bank took the money back all the same, its organisation bears that.
 */
import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { finishGrantsOf } from '../grants/sweep-grants.ts'
import { account, insertTransfers } from '../money/ledger.ts'
import { lossOf } from '../money/losses.ts'
import { isDispute } from '../money/refund-rows.ts'
import { type RefundedLine, type RefundRow, refundRuns, refunds } from '../money/schema.ts'
import { askGrantsBack } from '../orders/earned-entries.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { amountOfUnits } from '../orders/line-amounts.ts'
import { linePort } from '../orders/lines/index.ts'
import { type OrderLineRow, orderLines, orders } from '../orders/schema.ts'
import { flagDispute, showRefundOnPayment } from './attention.ts'
import { findRefund } from './find-refund.ts'
import { disputeText, refundText } from './history-text.ts'

/** Once for the refund, once more if what it is of is cancelled at that moment. */
const MAX_TRIES = 3

/** One line of the refund beside the order's. */
interface Part extends RefundedLine {
  row: OrderLineRow
}

/** Takes a `requested` refund on: to `due`, or to `refused` where nothing could be taken back. */
export async function takeBack(ctx: Ctx, refund: RefundRow): Promise<RefundRow> {
  const rows = await ctx.db.select().from(orderLines).where(eq(orderLines.orderId, refund.orderId))
  const parts = refund.lines.map(({ line, numbers }) => ({
    line,
    numbers,
    row: rows.find((row) => row.line === line)!,
  }))
  const taken = await Promise.all(
    parts.map(({ row, numbers }) => linePort(row.kind).takeBack(ctx, row, numbers)),
  )
  for (let attempt = 1; ; attempt++) {
    const cancelled = await cancelledOf(ctx, parts)
    // Of a cancelled item nothing has to be taken back: everybody is refunded, and this refund is its part of that.
    const isTaken = (part: Part, at: number) => taken[at]! || cancelled.has(part.row.itemId)
    const back = parts.filter(isTaken)
    const stay = parts.filter((part, at) => !isTaken(part, at))
    await decide(ctx, refund, back, stay)
    const decided = await findRefund(ctx, refund.id)
    if (decided.status === 'requested' && attempt < MAX_TRIES) continue
    await finishGrantsOf(ctx, refund.orderId)
    return decided
  }
}

async function cancelledOf(ctx: Ctx, parts: Part[]): Promise<Set<string>> {
  const runs = await ctx.db
    .select({ itemId: refundRuns.itemId })
    .from(refundRuns)
    .where(inArray(refundRuns.itemId, itemsOf(parts)))
  return new Set(runs.map(({ itemId }) => itemId))
}

/**
 * One batch, done once: whatever it does asks that the refund is still `requested`, which its last statement ends. What
 * stays is given back only as long as no run refunds its item, as the run may have passed this order already.
 */
async function decide(ctx: Ctx, refund: RefundRow, back: Part[], stay: Part[]): Promise<void> {
  const { id, orderId, currency } = refund
  const byBank = isDispute(refund)
  const stays = itemsOf(stay)
  const guard = sql`EXISTS (SELECT 1 FROM ${refunds} WHERE ${refunds.id} = ${id} AND ${refunds.status} = 'requested')
    AND NOT EXISTS (SELECT 1 FROM ${refundRuns} WHERE ${refundRuns.itemId} IN
      (SELECT value FROM json_each(${JSON.stringify(stays)})))`
  const amount = amountOfUnits(back)
  const event = `refund:${id}`
  await withRetry(() =>
    ctx.db.batch([
      insertTransfers(
        ctx,
        [
          ...back.map((part) => {
            const { account: debit, raffleId } = linePort(part.row.kind).takings(part.row)
            const from = { transactionId: `refund:${id}:due`, part: part.line, debit, raffleId }
            return { ...from, credit: account.refunds, currency, amount: amountOfUnits([part]), orderId }
          }),
          ...(byBank ? stay : []).map((part) => {
            const { organisationId } = part.row
            const { raffleId } = linePort(part.row.kind).takings(part.row)
            const debit = account.organiser(organisationId)
            const from = { transactionId: lossOf(organisationId, id), part: part.line, debit, raffleId }
            return { ...from, credit: account.disputes, currency, amount: amountOfUnits([part]), orderId }
          }),
        ],
        guard,
      ),
      giveUp(ctx, orderId, back, stay, guard),
      updateOrder(ctx, orderId, back.length > 0, amountOfUnits(stay), guard),
      askGrantsBack(ctx, sql`(${orderId})`),
      ...(back.length === 0
        ? []
        : [
            insertOrderEvent(
              ctx,
              orderId,
              `${event}:due`,
              byBank ? disputeText.back(back) : refundText.due({ amount, currency }, back, refund.reason),
              guard,
            ),
          ]),
      ...(stay.length === 0
        ? []
        : [
            insertOrderEvent(
              ctx,
              orderId,
              `${event}:refused`,
              byBank ? disputeText.stays(stay) : refundText.refused(stay),
              guard,
            ),
            ...(byBank ? [flagDispute(ctx, refund, disputeText.borne(stay), guard)] : []),
          ]),
      ctx.db
        .update(refunds)
        .set(
          back.length === 0
            ? { status: 'refused', dueAt: null, attention: null, updatedAt: ctx.now }
            : {
                status: 'due',
                lines: back.map(({ line, numbers }) => ({ line, numbers })),
                amount,
                dueAt: ctx.now,
                updatedAt: ctx.now,
              },
        )
        .where(and(eq(refunds.id, id), guard)),
      showRefundOnPayment(ctx, refund),
    ]),
  )
}

/** Of the lines, what stays is not refunded after all; a line whose tickets are all taken back is `refunded`. */
function giveUp(ctx: Ctx, orderId: string, back: Part[], stay: Part[], guard: SQL) {
  const kept = JSON.stringify(stay.map(({ line, numbers }) => [line, numbers.length]))
  const left = sql`${orderLines.refundedQuantity} - coalesce((
    SELECT value->>1 FROM json_each(${kept}) WHERE value->>0 = ${orderLines.line}), 0)`
  return ctx.db
    .update(orderLines)
    .set({
      refundedQuantity: left,
      state: sql`iif(${left} = ${orderLines.quantity}, 'refunded', 'issued')`,
    })
    .where(
      and(
        eq(orderLines.orderId, orderId),
        inArray(
          orderLines.line,
          [...back, ...stay].map(({ line }) => line),
        ),
        guard,
      ),
    )
}

function updateOrder(ctx: Ctx, orderId: string, isDue: boolean, stays: number, guard: SQL) {
  const refunded = sql`${orders.refundedAmount} - ${stays}`
  const status = isDue
    ? sql`CASE WHEN ${orders.status} = 'refund_due' THEN 'refund_due'
        WHEN ${refunded} = ${orders.amount} THEN 'refunded' ELSE 'partially_refunded' END`
    : sql`iif(${orders.status} = 'refunded', 'partially_refunded', ${orders.status})`
  return ctx.db
    .update(orders)
    .set({ refundedAmount: refunded, status, updatedAt: ctx.now })
    .where(and(eq(orders.id, orderId), guard))
}

const itemsOf = (parts: Part[]): string[] => parts.map(({ row }) => row.itemId)
