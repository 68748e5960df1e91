/** Another try to pay for an order, by the same provider or another; the time to pay stays as it is. */
import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import { requireUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, notFound, Problem } from '../core/errors.ts'
import { toInstant } from '../core/time.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { findOrder, type OrderRows } from '../orders/find-order.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { historyText } from '../orders/history-text.ts'
import { byPort } from '../orders/lines/index.ts'
import { type OrderLineRow, type OrderRow, orders } from '../orders/schema.ts'
import { newPayment } from '../payments/new-payment.ts'
import { PayWith } from '../payments/pay-with.ts'
import { startPayment } from '../payments/start-payment.ts'
import { mustBePayableBy } from './payment-method.ts'

/** More than anybody needs who means to pay. */
const MAX_TRIES = 10

export async function payOrder(ctx: Ctx, id: string, pay: PayWith, key: string): Promise<OrderRows> {
  const { userId } = requireUser(ctx)
  const rows = await findOrder(ctx, id)
  if (rows.order.userId !== userId) throw notFound('order')
  const earlier = await tryByKey(ctx, id, key)
  if (earlier !== undefined) return again(ctx, rows, earlier, pay)
  mustBeOpen(ctx, rows.order)
  mustBePayableBy(ctx.settings, pay, '', rows.order)
  await mustAccept(ctx, rows.lines, pay)
  const payment = newPayment(ctx, rows.order, key, pay)
  if (!(await write(ctx, payment))) return overtaken(ctx, id, pay, key)
  return start(ctx, rows, payment)
}

const tryByKey = async (ctx: Ctx, orderId: string, key: string): Promise<PaymentRow | undefined> =>
  ctx.db
    .select()
    .from(payments)
    .where(and(eq(payments.orderId, orderId), eq(payments.key, key)))
    .get()

function mustBeOpen(ctx: Ctx, order: OrderRow): void {
  if (order.receipt !== null || order.status !== 'pending') {
    const state = order.receipt === null ? order.status : 'paid'
    throw new Problem('invalid_state', `This order is ${state} already.`)
  }
  if (ctx.now >= order.payUntil) {
    throw new Problem('hold_expired', `This order had to be paid by ${toInstant(order.payUntil)}.`)
  }
}

/** What the same key asked for before, started if it was not; of an order that is paid, what paid it. */
async function again(ctx: Ctx, rows: OrderRows, earlier: PaymentRow, pay: PayWith): Promise<OrderRows> {
  const { order } = rows
  if (!isSame(earlier, pay)) {
    throw new Problem('idempotency_mismatch', 'This Idempotency-Key was used for another payment.')
  }
  if (order.receipt !== null) return rows
  const isOpen = earlier.status === 'starting' && order.status === 'pending' && ctx.now < order.payUntil
  return isOpen ? start(ctx, rows, earlier) : { ...rows, payment: earlier }
}

/** Whatever can be asked for has a column of its own. */
const isSame = (payment: PaymentRow, pay: PayWith): boolean =>
  PayWith.keyof().options.every((field) => payment[field] === (pay[field] ?? null))

async function start(ctx: Ctx, rows: OrderRows, payment: PaymentRow): Promise<OrderRows> {
  const started = await startPayment(ctx, payment)
  // Its order was paid or ended meanwhile.
  if (started.status !== 'pending') return findOrder(ctx, payment.orderId)
  return { ...rows, payment: started }
}

/** Whether it was: the statement itself asks that there is still something to pay, and whether it is one try too many. */
async function write(ctx: Ctx, payment: PaymentRow): Promise<boolean> {
  const { id, orderId, provider } = payment
  const values = Object.entries(getTableColumns(payments)).map(([name, column]) =>
    sql.param(payment[name as keyof PaymentRow], column),
  )
  const isWritten = sql`EXISTS (SELECT 1 FROM ${payments} WHERE ${payments.id} = ${id})`
  const [written] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .insert(payments)
        .select(sql`
          SELECT ${sql.join(values, sql`, `)}
          WHERE EXISTS (SELECT 1 FROM ${orders} WHERE ${orders.id} = ${orderId}
              AND ${orders.status} = 'pending' AND ${orders.receipt} IS NULL)
            AND (SELECT count(*) FROM ${payments} WHERE ${payments.orderId} = ${orderId}) < ${MAX_TRIES}`)
        .onConflictDoNothing()
        .returning({ id: payments.id }),
      insertOrderEvent(ctx, orderId, `started:${id}`, historyText.started(provider), isWritten),
    ]),
  )
  return written.length > 0
}

/** It was not written: the same key was, a moment before, or there is nothing to pay any more, or too many tries. */
async function overtaken(ctx: Ctx, id: string, pay: PayWith, key: string): Promise<OrderRows> {
  const [rows, other] = await Promise.all([findOrder(ctx, id), tryByKey(ctx, id, key)])
  if (other !== undefined) return again(ctx, rows, other, pay)
  mustBeOpen(ctx, rows.order)
  throw new Problem(
    'limit_reached',
    `There are ${MAX_TRIES} tries to pay for an order, and this one has had them. Pay by one that is open, or cancel it and order again.`,
  )
}

/** Of items that take payments by some providers only, each must take this one. */
async function mustAccept(ctx: Ctx, lines: OrderLineRow[], { provider }: PayWith): Promise<void> {
  const accepted = await Promise.all(
    byPort(lines, ({ kind }) => kind).map(([port, ofKind]) =>
      port.acceptedProviders(
        ctx,
        ofKind.map(({ itemId }) => itemId),
      ),
    ),
  )
  const against = accepted.flat().find((each) => !each.providers.includes(provider))
  if (against === undefined) return
  throw invalid('provider', `“${against.title}” takes payments by ${against.providers.join(', ')} only`)
}
