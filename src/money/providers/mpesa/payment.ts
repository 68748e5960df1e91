/** Payments by M-Pesa: a request to the payer's phone, and what became of it. */
import { and, eq, inArray, ne } from 'drizzle-orm'
import type { Ctx } from '../../../core/context.ts'
import { formatMoney, type Money } from '../../../core/money.ts'
import { type PaymentRow, payments } from '../../schema.ts'
import type { Observed, Started } from '../port.ts'
import { storedEventsAbout } from '../stored-events.ts'
import { addressOf } from './addresses.ts'
import { isRefused, post } from './client.ts'
import { type Meaning, meaningOf, PAID } from './codes.ts'
import type { Keys } from './keys.ts'
import { SHILLING } from './limits.ts'
import { observeRequest, together } from './observe.ts'
import { readPhone, toMsisdn } from './phone.ts'
import { PushAnswer, QueryAnswer, type ReadCallback, readCallback } from './shapes.ts'
import { nairobiTime } from './time.ts'
import { NoToken } from './token.ts'

/** M-Pesa shows at most this much of a reference. The end of an id is its random part. */
const REFERENCE_LETTERS = 12
/** At most 13 letters. */
const DESCRIPTION = 'Tombola order'

/** One start is one request. More come only from a network that repeats, or from somebody who knows the address. */
const MOST_REQUESTS = 4

const passwordOf = ({ shortCode, passkey }: Keys, timestamp: string): string =>
  btoa(`${shortCode}${passkey}${timestamp}`)

/** Throws if the answer is lost: then the phone may show the request, and nothing may send a second one by itself. */
export async function startPush(ctx: Ctx, keys: Keys, payment: PaymentRow): Promise<Started> {
  const phone = readPhone(payment.phone ?? '')
  if (phone === null) return refused('M-Pesa needs a Kenyan mobile number')
  const { shortCode } = keys
  const timestamp = nairobiTime(ctx.now)
  const request = {
    BusinessShortCode: Number(shortCode),
    Password: passwordOf(keys, timestamp),
    Timestamp: timestamp,
    TransactionType: 'CustomerPayBillOnline',
    Amount: String(payment.amount / SHILLING),
    PartyA: toMsisdn(phone),
    PartyB: shortCode,
    PhoneNumber: toMsisdn(phone),
    CallBackURL: addressOf(ctx, 'callback', payment.id),
    AccountReference: payment.id.slice(-REFERENCE_LETTERS).toUpperCase(),
    TransactionDesc: DESCRIPTION,
  }
  try {
    const answer = await post(ctx, keys, '/mpesa/stkpush/v1/processrequest', request, PushAnswer)
    if (answer.kind === 'error') return refusedOrThrow(ctx, payment, answer)
    const { ResponseCode, CheckoutRequestID } = answer.body
    if (ResponseCode !== PAID) return refusedOrThrow(ctx, payment, { status: 400, code: ResponseCode })
    if (CheckoutRequestID === undefined) throw new Error('Daraja accepted a payment without naming it')
    return { status: 'started', reference: CheckoutRequestID, action: promptOf(payment) }
  } catch (error) {
    if (!(error instanceof NoToken)) throw error
    ctx.log.error('M-Pesa gives no access', { paymentId: payment.id, error })
    return refused('M-Pesa cannot be reached at the moment')
  }
}

const promptOf = (sum: Money) => ({
  kind: 'prompt' as const,
  checkoutUrl: null,
  message: `Look at your phone: M-Pesa asks you to pay ${formatMoney(sum)}. Enter your M-Pesa PIN there.`,
})

const refused = (reason: string): Started => ({ status: 'refused', reason })

/** An error of the server proves nothing: the phone may show the request all the same. */
function refusedOrThrow(ctx: Ctx, { id }: PaymentRow, error: { status: number; code: string }): Started {
  if (!isRefused(error)) throw new Error(`Daraja answered ${error.status} with code ${error.code}`)
  ctx.log.warn('M-Pesa refused a payment', { paymentId: id, code: error.code })
  return refused('M-Pesa did not accept the request. Check the phone number, or try again in a minute')
}

export async function fetchPayment(ctx: Ctx, keys: Keys, payment: PaymentRow): Promise<Observed> {
  const events = await storedEventsAbout(ctx, 'mpesa', payment.id)
  const callbacks = events.map(({ body }) => readCallback(JSON.parse(body)))
  const references = await referencesOf(ctx, payment, callbacks)
  if (references.length === 0) return notRequested(payment)
  const observed: Observed[] = []
  for (const reference of references) {
    const isKnown = reference === payment.reference
    const answer = await query(ctx, keys, reference)
    // Somebody called our address with the name of a request that M-Pesa does not know.
    if (answer.kind === 'unknown' && !isKnown && observed.length > 0) continue
    observed.push(observeRequest(payment, { reference, isKnown, answer }, callbacks))
  }
  return keepTrying(payment, together(observed))
}

/**
 * The request that M-Pesa named when it was started, and those that callbacks report as paid; without the first, all that
 * callbacks name. A request that was started for another payment counts for that one only.
 */
async function referencesOf(
  ctx: Ctx,
  { id, reference }: PaymentRow,
  callbacks: readonly ReadCallback[],
): Promise<string[]> {
  const own = reference === null ? [] : [reference]
  const reported = callbacks.filter(({ code }) => reference === null || code === PAID)
  const others = [...new Set(reported.map((each) => each.reference))].filter((each) => each !== reference)
  if (others.length === 0) return own
  const some = others.slice(0, MOST_REQUESTS)
  const taken = await ctx.db
    .select({ reference: payments.reference })
    .from(payments)
    .where(and(eq(payments.provider, 'mpesa'), inArray(payments.reference, some), ne(payments.id, id)))
  return [...own, ...some.filter((each) => !taken.some((other) => other.reference === each))]
}

const notRequested = ({ askedAt }: PaymentRow): Observed =>
  askedAt === null
    ? { status: 'failed', captures: [], reason: 'it never reached M-Pesa' }
    : { status: 'unknown', captures: [], reason: 'its answer was lost' }

/**
 * A callback may come before M-Pesa's query knows of it. A payment that is polled waits for the next poll. For any other,
 * `unknown` makes the sweep act on the callback again.
 */
const keepTrying = ({ dueAt }: PaymentRow, observed: Observed): Observed =>
  observed.status === 'pending' && observed.reason !== null && dueAt === null
    ? { ...observed, status: 'unknown' }
    : observed

/** Throws if M-Pesa cannot be reached. */
async function query(ctx: Ctx, keys: Keys, reference: string): Promise<Meaning> {
  const timestamp = nairobiTime(ctx.now)
  const request = {
    BusinessShortCode: Number(keys.shortCode),
    Password: passwordOf(keys, timestamp),
    Timestamp: timestamp,
    CheckoutRequestID: reference,
  }
  const answer = await post(ctx, keys, '/mpesa/stkpushquery/v1/query', request, QueryAnswer)
  return meaningOf(answer.kind === 'ok' ? answer.body.ResultCode : answer.code)
}
