/** Starts another payment for an order, by the same provider or another. The time to pay is not extended. */
import { and, eq, getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, notFound, Problem } from '../core/errors.ts'
import { toInstant } from '../core/time.ts'
import { hasTimeToPay, promptMs } from '../money/providers/payment-span.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { choosyItems, waysToPay } from '../orders/accepted-providers.ts'
import { findOrder, type OrderRows } from '../orders/find-order.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { historyText } from '../orders/history-text.ts'
import { isProof } from '../orders/proof-order.ts'
import { type OrderLineRow, type OrderRow, orders } from '../orders/schema.ts'
import { newPayment } from '../payments/new-payment.ts'
import { PayWith } from '../payments/pay-with.ts'
import { finishStart, type NewStart, prepareStart } from '../payments/start-payment.ts'
import { requireBuyer } from './eligibility.ts'
import { mustBePayableBy } from './payment-method.ts'

/** More payments than a buyer who wants to pay needs. */
const MAX_PAYMENTS = 10

export async function payOrder(ctx: Ctx, id: string, pay: PayWith, key: string): Promise<OrderRows> {
  const { userId } = requireBuyer(ctx)
  const rows = await findOrder(ctx, id)
  if (rows.order.userId !== userId || isProof(rows.order)) throw notFound('order')
  const earlier = await paymentByKey(ctx, id, key)
  if (earlier !== undefined) return repeatPayment(ctx, rows, earlier, pay)
  mustBeOpen(ctx, rows.order)
  mustBePayableBy(ctx.settings, pay, '', rows.order)
  await mustAccept(ctx, rows.lines, pay)
  await mustHaveTime(ctx, rows, pay)
  const start = prepareStart(ctx, newPayment(ctx, rows.order, key, pay))
  if (!(await insertPayment(ctx, start))) return repeatOrRefuse(ctx, id, pay, key)
  return startAndRead(ctx, rows, start)
}

const paymentByKey = async (ctx: Ctx, orderId: string, key: string): Promise<PaymentRow | undefined> =>
  ctx.db
    .select()
    .from(payments)
    .where(and(eq(payments.orderId, orderId), eq(payments.key, key)))
    .get()

function mustBeOpen(ctx: Ctx, order: OrderRow): void {
  if (order.receipt !== null || order.status !== 'pending') {
    const state = order.receipt === null ? order.status : 'paid'
    throw new Problem('invalid_state', `This order is already ${state}.`)
  }
  if (ctx.now >= order.payUntil) {
    throw new Problem('hold_expired', `This order had to be paid by ${toInstant(order.payUntil)}.`)
  }
}

/**
 * Returns the earlier payment of the same key, and starts it if its start was lost. For a paid order, returns the payment
 * that paid it.
 */
async function repeatPayment(
  ctx: Ctx,
  rows: OrderRows,
  earlier: PaymentRow,
  pay: PayWith,
): Promise<OrderRows> {
  const { order } = rows
  if (!isSame(earlier, pay)) {
    throw new Problem('idempotency_mismatch', 'This Idempotency-Key was used for another payment.')
  }
  if (order.receipt !== null) return rows
  const isOpen = earlier.status === 'starting' && order.status === 'pending' && ctx.now < order.payUntil
  return isOpen
    ? startAndRead(ctx, rows, { payment: earlier, statements: [] })
    : { ...rows, payment: earlier }
}

/** Every field of a request has its own column, so the row itself is compared. */
const isSame = (payment: PaymentRow, pay: PayWith): boolean =>
  PayWith.keyof().options.every((field) => payment[field] === (pay[field] ?? null))

async function startAndRead(ctx: Ctx, rows: OrderRows, start: NewStart): Promise<OrderRows> {
  const started = await finishStart(ctx, start)
  // The payment failed, or its order was paid or ended meanwhile.
  if (started.status !== 'pending') return findOrder(ctx, rows.order.id)
  return { ...rows, payment: started }
}

/** The latest time of a prompt of this order that its provider may still show, and that is not known to be over; else NULL. */
function openPrompt({ now }: Ctx, { orderId, provider }: Pick<PaymentRow, 'orderId' | 'provider'>): SQL {
  const lastsMs = promptMs(provider)
  if (lastsMs === 0) return sql`NULL`
  const askedAt = sql`coalesce(${payments.askedAt}, ${payments.createdAt})`
  return sql`(SELECT max(${askedAt}) FROM ${payments}
    WHERE ${payments.orderId} = ${orderId} AND ${payments.provider} = ${provider}
      AND ${payments.status} IN ('starting', 'pending') AND ${askedAt} > ${now - lastsMs})`
}

/**
 * Returns whether the row was inserted. The order may be paid or ended, and other payments may start, at this moment.
 * That is safe: the statement itself checks that the order is still unpaid, that the limit is not reached, and that the
 * payer's phone shows no other prompt.
 */
async function insertPayment(ctx: Ctx, { payment, statements }: NewStart): Promise<boolean> {
  const { id, orderId, provider } = payment
  const values = Object.entries(getTableColumns(payments)).map(([name, column]) =>
    sql.param(payment[name as keyof PaymentRow], column),
  )
  const isInserted = sql`EXISTS (SELECT 1 FROM ${payments} WHERE ${payments.id} = ${id})`
  const [inserted] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .insert(payments)
        .select(sql`
          SELECT ${sql.join(values, sql`, `)}
          WHERE EXISTS (SELECT 1 FROM ${orders} WHERE ${orders.id} = ${orderId}
              AND ${orders.status} = 'pending' AND ${orders.receipt} IS NULL)
            AND (SELECT count(*) FROM ${payments} WHERE ${payments.orderId} = ${orderId}) < ${MAX_PAYMENTS}
            AND ${openPrompt(ctx, payment)} IS NULL`)
        .onConflictDoNothing()
        .returning({ id: payments.id }),
      insertOrderEvent(ctx, orderId, `started:${id}`, historyText.started(provider), isInserted),
      ...statements,
    ]),
  )
  return inserted.length > 0
}

/**
 * The row was not inserted: the same key was used a moment before, the order is no longer open, its buyer is asked on the
 * phone, or the limit is reached.
 */
async function repeatOrRefuse(ctx: Ctx, id: string, pay: PayWith, key: string): Promise<OrderRows> {
  const [rows, other] = await Promise.all([findOrder(ctx, id), paymentByKey(ctx, id, key)])
  if (other !== undefined) return repeatPayment(ctx, rows, other, pay)
  mustBeOpen(ctx, rows.order)
  await mustNotPromptTwice(ctx, rows.order, pay)
  throw new Problem(
    'limit_reached',
    `An order can have at most ${MAX_PAYMENTS} payments. Finish an open payment of this order, or cancel it and place a new one.`,
  )
}

/** Two prompts on one phone may both be confirmed. */
async function mustNotPromptTwice(
  ctx: Ctx,
  { id: orderId, payUntil }: OrderRows['order'],
  { provider }: PayWith,
): Promise<void> {
  const { askedAt } = await ctx.db.get<{ askedAt: number | null }>(
    sql`SELECT ${openPrompt(ctx, { orderId, provider })} AS askedAt`,
  )
  if (askedAt === null) return
  const again = askedAt + promptMs(provider)
  const otherwise = hasTimeToPay(provider, again, payUntil)
    ? `try again at ${toInstant(again)}`
    : 'pay another way, or cancel this order and order again'
  throw new Problem(
    'conflict',
    `Look at your phone: it may show a payment request of this order. If it does not, ${otherwise}.`,
  )
}

/** Throws a validation error if an item accepts only other providers. */
async function mustAccept(ctx: Ctx, lines: OrderLineRow[], { provider }: PayWith): Promise<void> {
  const items = await choosyItems(ctx, lines)
  const refusing = items.find((each) => !each.providers.includes(provider))
  if (refusing === undefined) return
  throw invalid('provider', `“${refusing.title}” takes payments by ${refusing.providers.join(', ')} only`)
}

/** Throws a validation error if a payment by this provider could not end in time. A page that outlives its order takes money too late. */
async function mustHaveTime(ctx: Ctx, rows: OrderRows, { provider }: PayWith): Promise<void> {
  const { payUntil } = rows.order
  if (hasTimeToPay(provider, ctx.now, payUntil)) return
  const { payWith } = await waysToPay(ctx, rows)
  const other = payWith.length === 0 ? '' : `pay by ${payWith.join(' or ')}, or `
  throw invalid(
    'provider',
    `${provider} needs more time than is left until ${toInstant(payUntil)}: ${other}cancel this order and order again`,
  )
}
