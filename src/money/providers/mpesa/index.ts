/** M-Pesa, by Safaricom's API Daraja: money in by a request to the payer's phone, money out to phones. Whole shillings only. */
import { Problem } from '../../../core/errors.ts'
import type { Settings } from '../../../core/settings.ts'
import type { PaymentProvider } from '../port.ts'
import { doors } from './doors.ts'
import { type Keys, keysOf } from './keys.ts'
import { SHILLING, whyNotSent, whyNotTaken } from './limits.ts'
import { fetchPayment, startPush } from './payment.ts'
import { readPhone, WHY_NOT_PHONE } from './phone.ts'
import { sendPayout, sendRefund } from './transfer.ts'

/** A prompt stays on the phone for a minute. There is time to ask M-Pesa, and to pay again. */
const SPAN_SECONDS = 180
const PROMPT_SECONDS = 60

/** `read`: a test hands in keys of its own. */
export function mpesaWith(read: (settings: Settings) => Keys | null): PaymentProvider {
  const keysFor = (settings: Settings): Keys => {
    const keys = read(settings)
    if (keys === null) throw new Problem('invalid_state', 'mpesa is not set up here.')
    return keys
  }
  return {
    name: 'mpesa',
    isSetUp: (settings) => read(settings) !== null,
    spanSeconds: () => SPAN_SECONDS,
    leastSeconds: PROMPT_SECONDS,
    whyNotSum: whyNotTaken,
    whyNotPayout: whyNotSent,
    whyNotDestination: (phone) => (readPhone(phone) === null ? WHY_NOT_PHONE : null),
    proof: (destination) => (readPhone(destination) === null ? null : { amount: SHILLING, currency: 'KES' }),
    smallestUnit: SHILLING,
    normalise: (account) => readPhone(account) ?? account,
    whyNotPhone: (phone) => (readPhone(phone) === null ? WHY_NOT_PHONE : null),
    needsPhone: true,
    startsOnce: true,
    startLocally: null,
    start: (ctx, payment) => startPush(ctx, keysFor(ctx.settings), payment),
    fetch: (ctx, payment) => fetchPayment(ctx, keysFor(ctx.settings), payment),
    // A prompt cannot be withdrawn. It leaves the phone after a minute.
    stop: async () => 'stopped',
    refund: (ctx, refund) => sendRefund(ctx, keysFor(ctx.settings), refund),
    payout: (ctx, payout) => sendPayout(ctx, keysFor(ctx.settings), payout),
    webhooks: doors,
  }
}

export const mpesa = mpesaWith(keysOf)
