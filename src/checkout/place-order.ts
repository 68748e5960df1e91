/**
 * Places an order: holds every line or none, stores the order and its payment, then calls the provider, if that needs a
 * call. After a crash, a hold without an order expires by itself, and a repeat or the sweep starts a stored payment. An
 * order that costs nothing has no payment: it is stored as paid, and settled at once.
 */
import { DELIVERY_COUNTRY_FIELD } from '../catalog/hold-stock.ts'
import type { Ctx } from '../core/context.ts'
import { isUniqueViolation, withRetry } from '../core/database.ts'
import { invalid, Problem } from '../core/errors.ts'
import { bodyHash } from '../core/idempotency.ts'
import { newId } from '../core/ids.ts'
import type { Money } from '../core/money.ts'
import { mustBePayable } from '../money/payable.ts'
import { hasTimeToPay } from '../money/providers/payment-span.ts'
import { FREE_OF_CHARGE } from '../money/receipt-key.ts'
import { payments } from '../money/schema.ts'
import { findOrder, findOrderByKey, type OrderRows } from '../orders/find-order.ts'
import type { HeldLine, HoldTerms } from '../orders/line.ts'
import { amountOf } from '../orders/line-amounts.ts'
import { LINES, linePort, namedItems } from '../orders/lines/index.ts'
import { type OrderLineRow, type OrderRow, orderLines, orders } from '../orders/schema.ts'
import { newPayment } from '../payments/new-payment.ts'
import { settleFreeOrder } from '../payments/settle-order.ts'
import { finishStart, type NewStart, prepareStart, startPayment } from '../payments/start-payment.ts'
import { CHALLENGE_FIELD, PAYMENT_FIELD } from '../tickets/client.ts'
import type { OrderLineIn, PlaceOrder } from './contract.ts'
import { requireTaker } from './eligibility.ts'
import { mustBePayableBy } from './payment-method.ts'
import { holdMsOf, payUntilOf } from './time-to-pay.ts'

/** A placed order, with the hold of each line. */
export interface PlacedOrder {
  rows: OrderRows
  held: HeldLine[]
}

/** The path of the payment's fields in the request. */
const PAYMENT = `${PAYMENT_FIELD}.`

/** Returns the path of line `at` in the request. */
type PathOf = (at: number) => string

export async function placeOrder(
  ctx: Ctx,
  input: PlaceOrder,
  key: string,
  pathOf: PathOf = (at) => `lines.${at}`,
): Promise<PlacedOrder> {
  const { turnstileToken: token, ...body } = input
  // A repeat may send a new token.
  const request = bodyHash(body)
  const buyer = requireTaker(ctx, { token, key, request })
  const { userId } = buyer
  const provider = input.payment?.provider ?? null
  if (input.payment !== undefined) mustBePayableBy(ctx.settings, input.payment, PAYMENT)
  const holdMs = holdMsOf(ctx.settings, provider)
  const where = { country: ctx.country, deliverTo: input.deliveryAddress?.country ?? null }
  const terms = { ...buyer, ...where, key: `order:${key}`, request, holdMs, provider }
  const held = await holdAll(ctx, input, terms, pathOf)
  const known = held.some(({ repeated }) => repeated) ? await findOrderByKey(ctx, userId, key) : undefined
  if (known !== undefined) return resume(ctx, known, held, request)
  const { start, ...rows } = rowsOf(ctx, input, { userId, key, request }, held)
  const isHeld = held.every(({ hold }) => hold.state === 'held')
  if (!isHeld || !isInTime(ctx, rows.order, start)) {
    await releaseAll(ctx, rows.lines, true)
    throw new Problem(
      'hold_expired',
      'The hold of this Idempotency-Key has expired. Order again with a new key.',
    )
  }
  try {
    await insertOrder(ctx, rows, start)
  } catch (error) {
    if (!isUniqueViolation(error, 'orders.')) throw error
    // The key was used at the same moment, or before by an order of other items.
    const other = (await findOrderByKey(ctx, userId, key))!
    if (other.order.request !== request) await releaseAll(ctx, rows.lines, false)
    return resume(ctx, other, held, request)
  }
  if (start === null) return { rows: await settleNow(ctx, rows), held }
  return { rows: { ...rows, payment: await finishStart(ctx, start) }, held }
}

/** A repeat after a crash finds holds that are older than it. */
const isInTime = ({ now }: Ctx, { payUntil }: OrderRow, start: NewStart | null): boolean =>
  start === null ? now < payUntil : hasTimeToPay(start.payment.provider, now, payUntil)

/** If the process dies before this ends, the order is due, and the sweep settles it. */
async function settleNow(ctx: Ctx, written: Pick<OrderRows, 'order' | 'lines'>): Promise<OrderRows> {
  await settleFreeOrder(ctx, written)
  return findOrder(ctx, written.order.id)
}

/** A repeat: returns the order in its present state, and starts its payment if the start was lost. */
async function resume(ctx: Ctx, known: OrderRows, held: HeldLine[], request: string): Promise<PlacedOrder> {
  if (known.order.request !== request) {
    throw new Problem('idempotency_mismatch', 'This Idempotency-Key was used for another order.')
  }
  if (known.payment === null)
    return { rows: known.order.settledAt === null ? await settleNow(ctx, known) : known, held }
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
      await withErrorPath(pathOf(at), async () => {
        const wanted = wantedOf(line)
        held.push(await linePort(wanted.kind).hold(ctx, wanted, terms))
        mustBeOnePayment(held, lines)
        if (payment === undefined && sumOf(held, lines).amount > 0)
          throw invalid(PAYMENT_FIELD, 'is required: this costs money')
      })
    }
    const sum = sumOf(held, lines)
    if (payment !== undefined && sum.amount > 0) mustBePayableBy(ctx.settings, payment, PAYMENT, sum)
    return held
  } catch (error) {
    // A hold of an earlier call with this key belongs to an order. Only that order may release it.
    const ownHolds = held.flatMap(({ repeated, hold }, at) =>
      repeated ? [] : [{ ...wantedOf(lines[at]!), reservationId: hold.id }],
    )
    await releaseAll(ctx, ownHolds, false)
    throw error
  }
}

/** Checks the lines that are held so far as one payment. Throws a validation error about the last of them. */
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

/** These fields belong to the whole order. */
const ORDER_FIELDS: readonly string[] = [CHALLENGE_FIELD, PAYMENT_FIELD, DELIVERY_COUNTRY_FIELD]

/** Puts `path` before the paths of validation errors about a line. */
async function withErrorPath(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Problem) || error.extras.errors === undefined) throw error
    const errors = error.extras.errors.map((each) => ({
      ...each,
      path: ORDER_FIELDS.includes(each.path)
        ? each.path
        : [path, each.path].filter((part) => part !== '').join('.'),
    }))
    throw new Problem(error.code, error.message, { ...error.extras, errors })
  }
}

type Held = Pick<OrderLineRow, 'kind' | 'itemId' | 'reservationId'>

/** `isUnpaid`: the buyer had the time to pay. A hold whose order could not be placed does not count against the buyer. */
async function releaseAll(ctx: Ctx, lines: Held[], isUnpaid: boolean): Promise<void> {
  await Promise.all(lines.map((line) => linePort(line.kind).release(ctx, line, isUnpaid)))
}

/** The item that a line names, and how many units or which numbers of it. */
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
): { order: OrderRow; lines: OrderLineRow[]; start: NewStart | null } {
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
      digits: line.digits,
      state: 'held',
      reservationId: line.hold.id,
      refundedQuantity: 0,
    }),
  )
  const amount = amountOf(lines)
  const currency = held[0]!.currency
  const payUntil = payUntilOf(held)
  // A payment that is named for an order of nothing is not started.
  const payment = amount === 0 ? undefined : input.payment
  const order: OrderRow = {
    id,
    userId,
    key,
    request,
    currency,
    amount,
    status: 'pending',
    payUntil,
    receipt: payment === undefined ? FREE_OF_CHARGE : null,
    settledAt: null,
    refundedAmount: 0,
    dueAt: payment === undefined ? now : payUntil,
    createdAt: now,
    updatedAt: now,
    deliveryAddress: input.deliveryAddress ?? null,
  }
  const start = payment === undefined ? null : prepareStart(ctx, newPayment(ctx, order, key, payment))
  return { order, lines, start }
}

/** A statement takes at most a hundred parameters. */
const LINES_A_STATEMENT = 7

async function insertOrder(
  ctx: Ctx,
  { order, lines }: { order: OrderRow; lines: OrderLineRow[] },
  start: NewStart | null,
): Promise<void> {
  const pages: OrderLineRow[][] = []
  for (let at = 0; at < lines.length; at += LINES_A_STATEMENT)
    pages.push(lines.slice(at, at + LINES_A_STATEMENT))
  await withRetry(() =>
    ctx.db.batch([
      ctx.db.insert(orders).values(order),
      ...(start === null ? [] : [ctx.db.insert(payments).values(start.payment)]),
      ...pages.map((page) => ctx.db.insert(orderLines).values(page)),
      ...(start?.statements ?? []),
    ]),
  )
}
