/**
 * Places an order: holds every line or none, writes the order and its payment down, then asks the provider. A hold that
 * nobody wrote down ends by itself; an order whose payment was not started is started again by its repeat or the sweep.
 */
import type { Ctx } from '../core/context.ts'
import { isUniqueViolation, withRetry } from '../core/database.ts'
import { invalid, Problem } from '../core/errors.ts'
import { bodyHash } from '../core/idempotency.ts'
import { newId } from '../core/ids.ts'
import type { Money } from '../core/money.ts'
import { SECOND_MS } from '../core/time.ts'
import { mustBePayable } from '../money/payable.ts'
import { providerOf } from '../money/providers/index.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { findOrderByKey, type OrderRows } from '../orders/find-order.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { historyText } from '../orders/history-text.ts'
import type { HeldLine, HoldTerms } from '../orders/line.ts'
import { amountOf } from '../orders/line-amounts.ts'
import { LINES, linePort, namedItems } from '../orders/lines/index.ts'
import { type OrderLineRow, type OrderRow, orderLines, orders } from '../orders/schema.ts'
import { newPayment } from '../payments/new-payment.ts'
import { startPayment } from '../payments/start-payment.ts'
import { GRACE_MS } from '../tickets/pool-contract.ts'
import type { OrderLineIn, PlaceOrder } from './contract.ts'
import { requireBuyer } from './eligibility.ts'
import { mustBePayableBy } from './payment-method.ts'

/** An order as it was just placed, with what each line holds. */
export interface PlacedOrder {
  rows: OrderRows
  held: HeldLine[]
}

/** Where the request says how it is paid. */
const PAYMENT = 'payment.'

/** Where the request has its line `at`. */
type PathOf = (at: number) => string

export async function placeOrder(
  ctx: Ctx,
  input: PlaceOrder,
  key: string,
  pathOf: PathOf = (at) => `lines.${at}`,
): Promise<PlacedOrder> {
  const { userId } = requireBuyer(ctx)
  const { provider } = input.payment
  mustBePayableBy(ctx.settings, input.payment, PAYMENT)
  const spanMs = providerOf(provider).spanSeconds(ctx.settings.HOLD_SECONDS) * SECOND_MS
  const request = bodyHash(input)
  const terms = { userId, key: `order:${key}`, request, holdMs: spanMs + GRACE_MS, provider }
  const held = await holdAll(ctx, input, terms, pathOf)
  const known = held.some(({ repeated }) => repeated) ? await findOrderByKey(ctx, userId, key) : undefined
  if (known !== undefined) return resume(ctx, known, held, request)
  const rows = rowsOf(ctx, input, { userId, key, request }, held)
  const isHeld = held.every(({ hold }) => hold.state === 'held')
  if (!isHeld || ctx.now >= rows.order.payUntil) {
    await releaseAll(ctx, rows.lines)
    throw new Problem(
      'hold_expired',
      'What this Idempotency-Key held has run out. Order again with a new key.',
    )
  }
  try {
    await write(ctx, rows)
  } catch (error) {
    if (!isUniqueViolation(error, 'orders.')) throw error
    // The same key at the same time, or for other raffles before.
    const other = (await findOrderByKey(ctx, userId, key))!
    if (other.order.request !== request) await releaseAll(ctx, rows.lines)
    return resume(ctx, other, held, request)
  }
  return { rows: { ...rows, payment: await startPayment(ctx, rows.payment) }, held }
}

/** What the same key asked for before: as it stands now, and its payment started if it was not. */
async function resume(ctx: Ctx, known: OrderRows, held: HeldLine[], request: string): Promise<PlacedOrder> {
  if (known.order.request !== request) {
    throw new Problem('idempotency_mismatch', 'This Idempotency-Key was used for another order.')
  }
  const isOpen = known.order.status === 'pending' && ctx.now < known.order.payUntil
  if (!isOpen || known.payment.status !== 'starting') return { rows: known, held }
  return { rows: { ...known, payment: await startPayment(ctx, known.payment) }, held }
}

async function holdAll(
  ctx: Ctx,
  { lines, payment }: PlaceOrder,
  terms: HoldTerms,
  pathOf: PathOf,
): Promise<HeldLine[]> {
  const held: HeldLine[] = []
  try {
    for (const [at, line] of lines.entries()) {
      await sayingWhere(pathOf(at), async () => {
        const wanted = wantedOf(line)
        held.push(await linePort(wanted.kind).hold(ctx, wanted, terms))
        mustBeOnePayment(held, lines)
      })
    }
    mustBePayableBy(ctx.settings, payment, PAYMENT, sumOf(held, lines))
    return held
  } catch (error) {
    // What an earlier call with this key holds is an order's: only that order lets it go.
    const mine = held.flatMap(({ repeated, hold }, at) =>
      repeated ? [] : [{ ...wantedOf(lines[at]!), reservationId: hold.id }],
    )
    await releaseAll(ctx, mine)
    throw error
  }
}

/** Of the first lines, as far as they are held; throws what is wrong with the last of them. */
function mustBeOnePayment(held: HeldLine[], lines: OrderLineIn[]): void {
  const at = held.length - 1
  if (held[at]!.currency !== held[0]!.currency) throw invalid('', 'must have the currency of the other lines')
  mustBePayable(sumOf(held, lines), lines[at]!.numbers === undefined ? 'quantity' : 'numbers')
}

const sumOf = (held: HeldLine[], lines: OrderLineIn[]): Money => ({
  amount: amountOf(
    held.map(({ unitAmount }, at) => ({ unitAmount, quantity: wantedOf(lines[at]!).quantity })),
  ),
  currency: held[0]!.currency,
})

/** What is wrong with a line is said of where the request has it. */
async function sayingWhere(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Problem) || error.extras.errors === undefined) throw error
    const errors = error.extras.errors.map((each) => ({
      ...each,
      path: [path, each.path].filter((part) => part !== '').join('.'),
    }))
    throw new Problem(error.code, error.message, { ...error.extras, errors })
  }
}

type Held = Pick<OrderLineRow, 'kind' | 'itemId' | 'reservationId'>

async function releaseAll(ctx: Ctx, lines: Held[]): Promise<void> {
  await Promise.all(lines.map((line) => linePort(line.kind).release(ctx, line)))
}

/** What a line asks for: so many units, or these numbers, of the one item that it names. */
const wantedOf = (line: OrderLineIn) => ({
  ...namedItems(LINES, line)[0]!,
  quantity: line.quantity ?? line.numbers!.length,
  numbers: line.numbers ?? null,
})

function rowsOf(
  ctx: Ctx,
  input: PlaceOrder,
  { userId, key, request }: { userId: string; key: string; request: string },
  held: HeldLine[],
): { order: OrderRow; lines: OrderLineRow[]; payment: PaymentRow } {
  const { now } = ctx
  const id = newId('order')
  const lines = held.map(
    (line, at): OrderLineRow => ({
      orderId: id,
      line: at,
      ...wantedOf(input.lines[at]!),
      organisationId: line.organisationId,
      title: line.title,
      unitAmount: line.unitAmount,
      state: 'held',
      reservationId: line.hold.id,
      refundedQuantity: 0,
    }),
  )
  const amount = amountOf(lines)
  const currency = held[0]!.currency
  const payUntil = Math.min(...held.map(({ hold }) => hold.heldUntil!)) - GRACE_MS
  const order: OrderRow = {
    id,
    userId,
    key,
    request,
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
    deliveryAddress: input.deliveryAddress ?? null,
  }
  return { order, lines, payment: newPayment(ctx, order, key, input.payment) }
}

/** A statement takes a hundred parameters. */
const LINES_A_STATEMENT = 8

async function write(
  ctx: Ctx,
  { order, lines, payment }: { order: OrderRow; lines: OrderLineRow[]; payment: PaymentRow },
): Promise<void> {
  const pages: OrderLineRow[][] = []
  for (let at = 0; at < lines.length; at += LINES_A_STATEMENT)
    pages.push(lines.slice(at, at + LINES_A_STATEMENT))
  await withRetry(() =>
    ctx.db.batch([
      ctx.db.insert(orders).values(order),
      ctx.db.insert(payments).values(payment),
      insertOrderEvent(ctx, order.id, 'placed', historyText.placed(order)),
      ...pages.map((page) => ctx.db.insert(orderLines).values(page)),
    ]),
  )
}
