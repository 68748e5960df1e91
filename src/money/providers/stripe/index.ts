/**
 * Stripe: payments on its own page, refunds, and payouts to accounts that their owners open there. Decision 40 says how a
 * lost answer is found again.
 */
import type { PaymentProvider } from '../port.ts'
import { whyNotPayee } from './accounts.ts'
import { whyNotAtStripe } from './amounts.ts'
import { keysOf } from './client.ts'
import { accountEvents, ownEvents } from './events.ts'
import { observe } from './observe.ts'
import { sendPayout, sendRefund } from './outgoing.ts'
import { reasonOf } from './refusals.ts'
import {
  CALL_SECONDS,
  createSession,
  expireSession,
  findSession,
  LEAST_SECONDS,
  SPAN_SECONDS,
} from './sessions.ts'

const ACCOUNT = /^acct_\w{8,60}$/

export const stripe: PaymentProvider = {
  name: 'stripe',
  isSetUp: (settings) => keysOf(settings) !== null,
  spanSeconds: () => SPAN_SECONDS,
  leastSeconds: LEAST_SECONDS + CALL_SECONDS,
  whyNotSum: whyNotAtStripe,
  whyNotPayout: whyNotAtStripe,
  whyNotDestination: (id) =>
    ACCOUNT.test(id) ? null : 'must be an account at Stripe, which you open there first',
  whyNotPayee,
  needsPhone: false,
  startsOnce: false,
  startLocally: null,

  async start(ctx, payment) {
    const { result, refusal } = await createSession(ctx, payment)
    if (refusal !== null) return { status: 'refused', reason: reasonOf(refusal) }
    const message = 'Pay on Stripe’s page.'
    return {
      status: 'started',
      reference: result.id,
      action: { kind: 'redirect', checkoutUrl: result.url, message },
    }
  },

  async fetch(ctx, payment) {
    const session = await findSession(ctx, payment)
    if (session === null) return { status: 'failed', captures: [], reason: 'it never reached Stripe' }
    return observe(ctx, session)
  },

  async stop(ctx, payment) {
    const id = payment.reference ?? (await findSession(ctx, payment))?.id
    return id !== undefined && (await expireSession(ctx, id)) ? 'tooLate' : 'stopped'
  },

  refund: sendRefund,
  payout: sendPayout,
  webhooks: { webhook: ownEvents, connect: accountEvents },
}
