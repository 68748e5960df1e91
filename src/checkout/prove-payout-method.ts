/**
 * Proves that the phone of a payout method is the user's: asks it for a small payment, which goes back. The payment belongs
 * to an order that sells nothing, so it is polled, settled and refunded like every other, and stands in the ledger.
 */
import { and, desc, eq, getTableColumns, gte, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { requireLiveUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound, Problem } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import type { Money } from '../core/money.ts'
import { DAY_MS, SECOND_MS } from '../core/time.ts'
import { paidFrom, proofOf } from '../money/payout-method-proof.ts'
import { findOwnMethod } from '../money/payout-methods.ts'
import { presentMethod } from '../money/present-payout-method.ts'
import { providerOf, whyNotProvider } from '../money/providers/index.ts'
import { type MethodRow, payments } from '../money/schema.ts'
import { findOrder, type OrderRows } from '../orders/find-order.ts'
import { presentPayment } from '../orders/present.ts'
import { isProofOf, isProofSql, proofKey } from '../orders/proof-order.ts'
import { type OrderRow, orders } from '../orders/schema.ts'
import { newPayment } from '../payments/new-payment.ts'
import { finishStart, type NewStart, prepareStart } from '../payments/start-payment.ts'
import type { MethodProof } from './proof-contract.ts'

/** Each one prompts on a phone that may be somebody else's. */
const MAX_PROOFS_A_DAY = 5

export async function provePayoutMethod(ctx: Ctx, id: string): Promise<MethodProof> {
  const { userId } = await requireLiveUser(ctx)
  const method = await findOwnMethod(ctx, userId, id)
  if (method === undefined) throw notFound('payout method')
  const sum = providerOf(method.provider).proof?.(method.destination) ?? null
  if (sum === null) throw new Problem('invalid_state', 'This payout method needs no proof.')
  const before = await present(ctx, method, null)
  if (before.method.proof === 'proved') return before
  const why = whyNotProvider(method.provider, ctx.settings, sum)
  if (why !== null) throw new Problem('invalid_state', `${why}.`)
  const open = (await openProof(ctx, method)) ?? (await startProof(ctx, method, sum))
  return present(ctx, method, open)
}

async function present(ctx: Ctx, method: MethodRow, open: OrderRows | null): Promise<MethodProof> {
  const proof = proofOf(method, await paidFrom(ctx, method.userId))
  const payment =
    open === null ? null : presentPayment(open.payment!, open.order, { now: ctx.now, ways: new Map() })
  return { method: presentMethod(method, proof), payment }
}

/** The payment that is under way, started if its start was lost. Null: there is none. */
async function openProof(ctx: Ctx, { id, userId }: MethodRow): Promise<OrderRows | null> {
  const latest = await ctx.db
    .select({ id: orders.id })
    .from(orders)
    .where(and(eq(orders.userId, userId), isProofOf(id)))
    .orderBy(desc(orders.id))
    .limit(1)
    .get()
  if (latest === undefined) return null
  const rows = await findOrder(ctx, latest.id)
  const { order, payment } = rows
  const isOpen = order.status === 'pending' && ctx.now < order.payUntil
  if (!isOpen || (payment!.status !== 'starting' && payment!.status !== 'pending')) return null
  return { ...rows, payment: await finishStart(ctx, { payment: payment!, statements: [] }) }
}

async function startProof(ctx: Ctx, method: MethodRow, sum: Money): Promise<OrderRows> {
  const { attempts, today } = await countProofs(ctx, method)
  if (today >= MAX_PROOFS_A_DAY) throw tooMany()
  const order = orderOf(ctx, method, sum, attempts)
  const pay = { provider: method.provider, phone: method.destination }
  const start = prepareStart(ctx, newPayment(ctx, order, order.key, pay))
  if (await insertProof(ctx, order, start)) {
    return { order, lines: [], payment: await finishStart(ctx, start) }
  }
  // Another request was first, with this order or with the last one of the day.
  const other = await openProof(ctx, method)
  if (other === null) throw tooMany()
  return other
}

const tooMany = () =>
  new Problem('limit_reached', `At most ${MAX_PROOFS_A_DAY} proofs a day. Try again tomorrow.`)

async function countProofs({ db, now }: Ctx, { id, userId }: MethodRow) {
  const { attempts, today } = await db.get<Record<'attempts' | 'today', number>>(sql`
    SELECT coalesce(sum(${isProofOf(id)}), 0) AS attempts, coalesce(sum(${gte(orders.createdAt, now - DAY_MS)}), 0) AS today
    FROM ${orders} WHERE ${eq(orders.userId, userId)} AND ${isProofSql}`)
  return { attempts, today }
}

function orderOf(ctx: Ctx, method: MethodRow, { amount, currency }: Money, attempts: number): OrderRow {
  const { now, settings } = ctx
  const payUntil = now + providerOf(method.provider).spanSeconds(settings.HOLD_SECONDS) * SECOND_MS
  return {
    id: newId('order'),
    userId: method.userId,
    key: proofKey(method.id, attempts),
    request: '',
    currency,
    amount,
    status: 'pending',
    payUntil,
    receipt: null,
    settledAt: null,
    refundedAmount: 0,
    dueAt: payUntil,
    createdAt: now,
    updatedAt: now,
    deliveryAddress: null,
  }
}

/**
 * Returns whether it was inserted. Two requests may count the same attempts: their orders have one key, so one is inserted.
 * The statement counts the day's proofs itself, so that requests for several methods stay within the limit.
 */
async function insertProof(ctx: Ctx, order: OrderRow, { payment, statements }: NewStart): Promise<boolean> {
  const isMade = sql`EXISTS (SELECT 1 FROM ${orders} WHERE ${orders.id} = ${order.id})`
  const isWithinLimit = sql`(SELECT count(*) FROM ${orders} WHERE ${orders.userId} = ${order.userId} AND ${isProofSql}
    AND ${orders.createdAt} >= ${ctx.now - DAY_MS}) < ${MAX_PROOFS_A_DAY}`
  const [, , [made]] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .insert(orders)
        .select(sql`SELECT ${valuesOf(orders, order)} WHERE ${isWithinLimit}`)
        .onConflictDoNothing(),
      ctx.db
        .insert(payments)
        .select(sql`SELECT ${valuesOf(payments, payment)} WHERE ${isMade}`)
        .onConflictDoNothing(),
      ctx.db.select({ id: orders.id }).from(orders).where(eq(orders.id, order.id)),
      ...statements,
    ]),
  )
  return made !== undefined
}

/** The values of a row in the order of its columns. */
const valuesOf = (table: SQLiteTable, row: Record<string, unknown>) =>
  sql.join(
    Object.entries(getTableColumns(table)).map(([name, column]) => sql.param(row[name], column)),
    sql`, `,
  )
