/**
 * The second step of a requested refund: takes the tickets back, then records in one batch that their price is owed and
 * that earned entries are revoked. Tickets that can no longer be taken back stay with the buyer and are not refunded. If
 * the buyer's bank took the money back anyway, the organisation bears the price.
 */
import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { finishGrantsOf } from '../grants/sweep-grants.ts'
import { account, insertTransfers } from '../money/ledger.ts'
import { lossOf } from '../money/losses.ts'
import { isByBuyer, isDispute } from '../money/refund-rows.ts'
import { type RefundedLine, type RefundRow, refundRuns, refunds } from '../money/schema.ts'
import { requestRevocations } from '../orders/earned-entries.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { amountOfUnits } from '../orders/line-amounts.ts'
import { linePort } from '../orders/lines/index.ts'
import { type OrderLineRow, orderLines, orders } from '../orders/schema.ts'
import { flagDispute, showRefundOnPayment } from './attention.ts'
import { findRefund } from './find-refund.ts'
import { disputeText, refundText } from './history-text.ts'

/** A further try is needed if an item is cancelled at that moment. */
const MAX_TRIES = 3

/** One line of the refund, with the order's line. */
interface Part extends RefundedLine {
  row: OrderLineRow
}

/** Makes a `requested` refund `due`, or `refused` if nothing could be taken back. Idempotent. */
export async function takeBack(ctx: Ctx, refund: RefundRow): Promise<RefundRow> {
  const rows = await ctx.db.select().from(orderLines).where(eq(orderLines.orderId, refund.orderId))
  const parts = refund.lines.map(({ line, numbers }) => ({
    line,
    numbers,
    row: rows.find((row) => row.line === line)!,
  }))
  const taken = await Promise.all(
    parts.map(({ row, numbers }) => linePort(row.kind).takeBack(ctx, row, numbers, isByBuyer(refund))),
  )
  for (let attempt = 1; ; attempt++) {
    const cancelled = await cancelledOf(ctx, parts)
    // Tickets of a cancelled item need not be taken back: all of them are refunded, and this refund is a part of that.
    const isTaken = (part: Part, at: number) => taken[at]! || cancelled.has(part.row.itemId)
    const back = parts.filter(isTaken)
    const stay = parts.filter((part, at) => !isTaken(part, at))
    await recordDecision(ctx, refund, back, stay)
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
 * Records the decision in one batch. Two requests may do this at once. That is safe: all changes of money and tickets
 * require that the refund is still `requested`, and the batch ends that. A run may start to refund an item whose tickets
 * stay, and may already have passed this order. So the batch does nothing if there is such a run, and the caller decides
 * again.
 */
async function recordDecision(ctx: Ctx, refund: RefundRow, back: Part[], stay: Part[]): Promise<void> {
  const { id, orderId, currency } = refund
  const byBank = isDispute(refund)
  const stays = itemsOf(stay)
  const guard = sql`EXISTS (SELECT 1 FROM ${refunds} WHERE ${refunds.id} = ${id} AND ${refunds.status} = 'requested')
    AND NOT EXISTS (SELECT 1 FROM ${refundRuns} WHERE ${refundRuns.itemId} IN
      (SELECT value FROM json_each(${JSON.stringify(stays)})))`
  const amount = amountOfUnits(back)
  const event = `refund:${id}`
  const claimOf = ({ row: { organisationId } }: Part) => ({ organisationId, provider: refund.provider })
  await withRetry(() =>
    ctx.db.batch([
      insertTransfers(
        ctx,
        [
          ...back.filter(hasPrice).map((part) => {
            const { account: debit, raffleId } = linePort(part.row.kind).takings(part.row)
            const from = { transactionId: `refund:${id}:due`, part: part.line, debit, raffleId }
            return {
              ...from,
              credit: account.refunds,
              currency,
              amount: amountOfUnits([part]),
              orderId,
              ...claimOf(part),
            }
          }),
          ...(byBank ? stay : []).filter(hasPrice).map((part) => {
            const { organisationId } = part.row
            const { raffleId } = linePort(part.row.kind).takings(part.row)
            const debit = account.organiser(organisationId)
            const from = { transactionId: lossOf(organisationId, id), part: part.line, debit, raffleId }
            return {
              ...from,
              credit: account.disputes,
              currency,
              amount: amountOfUnits([part]),
              orderId,
              ...claimOf(part),
            }
          }),
          // A free admission beside them moves no money.
        ].filter(({ amount }) => amount > 0),
        guard,
      ),
      updateLines(ctx, orderId, back, stay, guard),
      updateOrder(ctx, orderId, back.length > 0, amountOfUnits(stay), guard),
      requestRevocations(ctx, sql`(${orderId})`),
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

/** Removes the tickets that stay from the refunded count. A line with all tickets taken back becomes `refunded`. */
function updateLines(ctx: Ctx, orderId: string, back: Part[], stay: Part[], guard: SQL) {
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
    : // Tickets that stay may all be free: then all the money is back.
      sql`iif(${orders.status} = 'refunded' AND ${refunded} < ${orders.amount}, 'partially_refunded', ${orders.status})`
  return ctx.db
    .update(orders)
    .set({ refundedAmount: refunded, status, updatedAt: ctx.now })
    .where(and(eq(orders.id, orderId), guard))
}

/** A free admission of the order moves no money. */
const hasPrice = ({ row }: Part): boolean => row.unitAmount > 0

const itemsOf = (parts: Part[]): string[] => parts.map(({ row }) => row.itemId)
