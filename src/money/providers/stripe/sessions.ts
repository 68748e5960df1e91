/**
 * Checkout Sessions: one for each payment, found again whatever was lost. A session is created under the payment's id as
 * its key, and expires when the order's time to pay ends. So a repeat within a day returns the same session, and a repeat
 * in the last 30 minutes of that time creates none: Stripe refuses an expiry that is nearer.
 */
import type { Stripe } from 'stripe'
import type { Ctx } from '../../../core/context.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../core/time.ts'
import { returnAddress } from '../../return-address.ts'
import type { PaymentRow } from '../../schema.ts'
import { toStripe } from './amounts.ts'
import { stripeFor } from './client.ts'
import { type Answered, askStripe, LISTED_AT_ONCE, readAll, tryStripe } from './refusals.ts'

export type Session = Stripe.Checkout.Session

/** Stripe keeps a session open for no less than this. */
export const LEAST_SECONDS = 1_800

/** A call takes less, and until it arrives the time goes on. */
export const CALL_SECONDS = 10

/** A minute more, for slow requests and clocks that differ. */
export const SPAN_SECONDS = LEAST_SECONDS + 60

/** Stripe forgets keys after 24 hours. */
const KEY_LIVES_MS = 23 * HOUR_MS

/** Clocks differ, and a request takes its time. */
const SLACK_MS = 2 * MINUTE_MS

/** By these a bank decides while the payer waits: a hold cannot wait for days. The account's settings choose among them. */
const INSTANT_METHODS: Stripe.Checkout.SessionCreateParams.AllowedPaymentMethodType[] = [
  'alipay',
  'amazon_pay',
  'bancontact',
  'bizum',
  'blik',
  'card',
  'cashapp',
  'eps',
  'ideal',
  'link',
  'mb_way',
  'mobilepay',
  'p24',
  'paypal',
  'revolut_pay',
  'satispay',
  'swish',
  'twint',
  'wechat_pay',
]

const EXPAND = ['payment_intent.latest_charge.balance_transaction']

/** In Stripe's unit, seconds. Rows without `payUntil` are of payments that had the whole span. */
const expiryOf = ({ createdAt, payUntil }: PaymentRow): number =>
  payUntil === null ? Math.floor(createdAt / SECOND_MS) + SPAN_SECONDS : Math.floor(payUntil / SECOND_MS)

/** Nothing in it may change, because a key belongs to one body. */
function bodyOf(ctx: Ctx, payment: PaymentRow): Stripe.Checkout.SessionCreateParams {
  const { amount, currency } = toStripe(payment)
  const metadata = { paymentId: payment.id, orderId: payment.orderId }
  const back = returnAddress(ctx.settings, payment.id)
  return {
    mode: 'payment',
    allowed_payment_method_types: INSTANT_METHODS,
    // A charge in the payer's own currency would not be the sum of the order.
    adaptive_pricing: { enabled: false },
    client_reference_id: payment.id,
    expires_at: expiryOf(payment),
    line_items: [
      { quantity: 1, price_data: { currency, unit_amount: amount, product_data: { name: 'Your order' } } },
    ],
    metadata,
    // Captured at once, so that the fee is known with the capture.
    payment_intent_data: { capture_method: 'automatic', description: payment.orderId, metadata },
    success_url: back,
    cancel_url: back,
  }
}

/** Creates the session, or returns the one that this payment has. */
export async function createSession(ctx: Ctx, payment: PaymentRow): Promise<Answered<Session>> {
  const stripe = await stripeFor(ctx.settings)
  return tryStripe(() =>
    stripe.checkout.sessions.create(bodyOf(ctx, payment), { idempotencyKey: payment.id }),
  )
}

/** The payment's session as it is now, with its charge. Null: it never reached Stripe. */
export async function findSession(ctx: Ctx, payment: PaymentRow): Promise<Session | null> {
  const id = payment.reference ?? (await findLost(ctx, payment))
  return id === null ? null : readSession(ctx, id)
}

export async function readSession(ctx: Ctx, id: string): Promise<Session> {
  const stripe = await stripeFor(ctx.settings)
  return askStripe(() => stripe.checkout.sessions.retrieve(id, { expand: EXPAND }))
}

/** The answer of its start was lost. */
async function findLost(ctx: Ctx, payment: PaymentRow): Promise<string | null> {
  if (ctx.now - payment.createdAt < KEY_LIVES_MS)
    return (await createSession(ctx, payment)).result?.id ?? null
  const stripe = await stripeFor(ctx.settings)
  // Stripe creates none later, because too little time is left.
  const created = {
    gte: Math.floor((payment.createdAt - SLACK_MS) / SECOND_MS),
    lte: expiryOf(payment) - LEAST_SECONDS + SLACK_MS / SECOND_MS,
  }
  const all = await readAll(stripe.checkout.sessions.list({ created, limit: LISTED_AT_ONCE }))
  return all.find((session) => session.client_reference_id === payment.id)?.id ?? null
}

/** Lets nobody pay it any longer. Returns whether it was paid before. */
export async function expireSession(ctx: Ctx, id: string): Promise<boolean> {
  const stripe = await stripeFor(ctx.settings)
  const { refusal } = await tryStripe(() => stripe.checkout.sessions.expire(id))
  if (refusal === null) return false
  // Only an open session can be expired. This one is over: nobody paid in time, or somebody did just now.
  const session = await readSession(ctx, id)
  if (session.status === 'open') throw new Error('stripe does not expire an open session')
  return isPaid(session)
}

export const isPaid = ({ payment_status }: Session): boolean => payment_status !== 'unpaid'
