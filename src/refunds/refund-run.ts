/**
 * Refunds all buyers of a cancelled item, and ends the lines that cost nothing: one page of orders in a batch, from a cursor, over as many sweeps as it takes.
 * The batches only record the refunds; `sweepRefunds` sends them.
 */
import { and, asc, eq, gt, inArray, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { newId } from '../core/ids.ts'
import { SECOND_MS } from '../core/time.ts'
import { account } from '../money/ledger.ts'
import { receiptKeySql } from '../money/receipt-key.ts'
import { receipts, refundRuns, refunds, transfers } from '../money/schema.ts'
import { requestRevocations } from '../orders/earned-entries.ts'
import { linePort } from '../orders/lines/index.ts'
import { type OrderLineRow, orderEvents, orderLines, orders } from '../orders/schema.ts'
import { endFreeOrders } from './end-free-orders.ts'
import { refundText } from './history-text.ts'

type Run = typeof refundRuns.$inferSelect

const ORDERS_A_PAGE = 500
const MAX_PASS_MS = 10 * SECOND_MS

export interface RunBounds {
  ordersAPage: number
  /** No page starts after this time. The first page always starts. */
  maxMs: number
}

/** The key of the refund that a run makes for an order: one for each order and item. */
export const cancelKey = (itemId: string): string => `cancel:${itemId}`
/** The same for the item of a line. */
export const cancelKeySql = sql`'cancel:' || ${orderLines.itemId}`

export const sweepRefundRuns = (ctx: Ctx): Promise<number> =>
  refundWithin(ctx, { ordersAPage: ORDERS_A_PAGE, maxMs: MAX_PASS_MS })

/** Continues every unfinished run, oldest first. Returns the number of pages. */
export async function refundWithin(ctx: Ctx, { ordersAPage, maxMs }: RunBounds): Promise<number> {
  const until = Date.now() + maxMs
  const open = await ctx.db
    .select({ itemId: refundRuns.itemId })
    .from(refundRuns)
    .where(isNull(refundRuns.finishedAt))
    .orderBy(asc(refundRuns.startedAt))
  let pages = 0
  for (const { itemId } of open) {
    try {
      while ((pages === 0 || Date.now() < until) && (await refundPage(ctx, itemId, ordersAPage))) pages++
    } catch (error) {
      ctx.log.error('cancelled item not refunded', { itemId, error })
    }
  }
  return pages
}

/** Refunds one page. Returns false if none is left. */
async function refundPage(ctx: Ctx, itemId: string, size: number): Promise<boolean> {
  const run = await ctx.db.select().from(refundRuns).where(eq(refundRuns.itemId, itemId)).get()
  if (run === undefined || run.finishedAt !== null) return false
  const page = await ctx.db
    .select()
    .from(orderLines)
    .where(and(isLeft(itemId), gt(orderLines.orderId, run.cursor)))
    .orderBy(asc(orderLines.orderId))
    .limit(size)
  const [line] = page
  if (line === undefined) await finishRun(ctx, run)
  else
    await recordPage(
      ctx,
      run,
      line,
      page.map(({ orderId }) => orderId),
    )
  return line !== undefined
}

/** Lines of the item with units that are not taken back. */
const isLeft = (itemId: string) =>
  and(
    eq(orderLines.itemId, itemId),
    eq(orderLines.state, 'issued'),
    lt(orderLines.refundedQuantity, orderLines.quantity),
  )

/** Those that cost money: a free admission is owed nothing, and only ends. */
const isOwed = (itemId: string) => and(isLeft(itemId), gt(orderLines.unitAmount, 0))
const isFree = (itemId: string) => and(isLeft(itemId), eq(orderLines.unitAmount, 0))

/**
 * Records all refunds of a page in one batch. Two sweeps may read the same page, and refunds by operators may come in
 * between. That is safe: the batch computes from the rows that it finds, and does nothing once the cursor has moved.
 */
async function recordPage(ctx: Ctx, run: Run, line: OrderLineRow, orderIds: string[]): Promise<void> {
  const { itemId, cursor } = run
  // All lines of an item have the same kind and organisation, so any line gives the account and the words.
  const { takings, words } = linePort(line.kind)
  const { account: debit, raffleId = null } = takings(line)
  const page = JSON.stringify(orderIds.map((id) => [id, newId('refund')]))
  const isTurn = sql`EXISTS (SELECT 1 FROM ${refundRuns} WHERE ${refundRuns.itemId} = ${itemId}
    AND ${refundRuns.cursor} = ${cursor} AND ${refundRuns.finishedAt} IS NULL)`
  // The refunds that this batch has inserted. Another run of the page uses other ids.
  const made = sql`json_each(${page}) AS item CROSS JOIN ${refunds} ON ${refunds.id} = item.value->>1`
  const ordersMade = sql`(SELECT ${refunds.orderId} FROM ${made})`
  const ordersOfPage = sql`(SELECT item.value->>0 FROM json_each(${page}) AS item)`
  await withRetry(() =>
    ctx.db.batch([
      insertRefunds(ctx, run, page, isTurn),
      ctx.db
        .insert(transfers)
        .select(sql`
          SELECT 'refund:' || ${refunds.id} || ':due', ${refunds.lines}->0->>'line', ${debit},
                 ${account.refunds}, ${refunds.currency}, ${refunds.amount}, ${refunds.orderId}, ${raffleId}, ${ctx.now},
                 ${line.organisationId}, ${refunds.provider}
          FROM ${made} WHERE ${isTurn}`)
        .onConflictDoNothing(),
      ctx.db
        .insert(orderEvents)
        .select(sql`
          SELECT ${refunds.orderId}, 'refund:' || ${refunds.id} || ':due',
                 (SELECT count(*) FROM ${orderEvents} WHERE ${orderEvents.orderId} = ${refunds.orderId}), ${ctx.now},
                 ${refundText.cancelled(words, line.title, run.reason)}
          FROM ${made} WHERE ${isTurn}`)
        .onConflictDoNothing(),
      ctx.db
        .insert(orderEvents)
        .select(sql`
          SELECT ${orderLines.orderId}, ${cancelKey(itemId)},
                 (SELECT count(*) FROM ${orderEvents} WHERE ${orderEvents.orderId} = ${orderLines.orderId}), ${ctx.now},
                 ${refundText.cancelledFree(words, line.title, run.reason)}
          FROM json_each(${page}) AS item CROSS JOIN ${orderLines} ON ${orderLines.orderId} = item.value->>0
            AND ${isFree(itemId)}
          WHERE ${isTurn}`)
        .onConflictDoNothing(),
      updateOrders(ctx, run, ordersMade, isTurn),
      ctx.db
        .update(orderLines)
        .set({ refundedQuantity: orderLines.quantity, state: 'refunded' })
        .where(
          and(
            or(
              and(isOwed(itemId), sql`${orderLines.orderId} IN ${ordersMade}`),
              and(isFree(itemId), sql`${orderLines.orderId} IN ${ordersOfPage}`),
            ),
            isTurn,
          ),
        ),
      endFreeOrders(ctx, ordersOfPage),
      requestRevocations(ctx, ordersOfPage),
      ctx.db
        .update(refundRuns)
        .set({
          cursor: orderIds.at(-1)!,
          done: sql`${refundRuns.done} + (SELECT count(*) FROM ${made})`,
        })
        .where(and(eq(refundRuns.itemId, itemId), isTurn)),
    ]),
  )
}

/**
 * One refund for each order: of the units that are left, to the receipt that paid for them. CROSS JOIN fixes the join
 * order in SQLite, so that it starts at the page and not at a whole table.
 */
function insertRefunds(ctx: Ctx, { itemId, reason }: Run, page: string, isTurn: SQL) {
  const receiptOf = sql`${receipts.orderId} = ${orders.id}
    AND ${receiptKeySql} = ${orders.receipt}`
  return ctx.db
    .insert(refunds)
    .select(sql`
      SELECT item.value->>1, ${orders.id}, ${cancelKey(itemId)}, '', ${receipts.provider}, ${receipts.paymentId},
             ${receipts.reference},
             (${orderLines.quantity} - ${orderLines.refundedQuantity}) * ${orderLines.unitAmount}, ${orders.currency},
             ${reason}, json_array(json_object('line', ${orderLines.line}, 'numbers', json_array())),
             'due', NULL, 0, ${ctx.now}, NULL, ${ctx.now}, ${ctx.now}
      FROM json_each(${page}) AS item
      CROSS JOIN ${orders} ON ${orders.id} = item.value->>0
      CROSS JOIN ${receipts} ON ${receiptOf}
      CROSS JOIN ${orderLines} ON ${orderLines.orderId} = ${orders.id} AND ${isOwed(itemId)}
      WHERE ${isTurn}`)
    .onConflictDoNothing()
}

function updateOrders(ctx: Ctx, { itemId }: Run, ordersMade: SQL, isTurn: SQL) {
  const refunded = sql`${orders.refundedAmount} + (SELECT ${refunds.amount} FROM ${refunds}
    WHERE ${refunds.orderId} = ${orders.id} AND ${refunds.key} = ${cancelKey(itemId)})`
  return ctx.db
    .update(orders)
    .set({
      refundedAmount: refunded,
      status: sql`iif(${refunded} = ${orders.amount}, 'refunded', 'partially_refunded')`,
      updatedAt: ctx.now,
    })
    .where(and(sql`${orders.id} IN ${ordersMade}`, isTurn))
}

/** Finishes the run if nothing is left. Otherwise the run starts again from the first order. */
async function finishRun(ctx: Ctx, run: Run): Promise<void> {
  const isAnyLeft = sql`EXISTS (SELECT 1 FROM ${orderLines} WHERE ${isLeft(run.itemId)})`
  const isTurn = and(
    eq(refundRuns.itemId, run.itemId),
    eq(refundRuns.cursor, run.cursor),
    isNull(refundRuns.finishedAt),
  )
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(refundRuns)
        .set({ finishedAt: ctx.now })
        .where(and(isTurn, sql`NOT ${isAnyLeft}`)),
      ctx.db.update(refundRuns).set({ cursor: '' }).where(and(isTurn, isAnyLeft)),
    ]),
  )
}

/**
 * A statement for the batch that makes lines `issued`. The run of a cancelled item may already have passed this order,
 * because the order is settled only now. So the run moves back and refunds it too.
 */
export function reopenRefundRuns(ctx: Ctx, orderId: string, itemIds: string[]) {
  // A prefix of an id sorts just before it.
  const before = orderId.slice(0, -1)
  return ctx.db
    .update(refundRuns)
    .set({ cursor: sql`min(${refundRuns.cursor}, ${before})`, finishedAt: null })
    .where(inArray(refundRuns.itemId, itemIds))
}
