/** What a verified event of Stripe is about. Its contents are only a hint: the object itself is fetched afterwards. */
import type { Stripe } from 'stripe'
import type { Ctx } from '../../../core/context.ts'
import { Problem } from '../../../core/errors.ts'
import { Id } from '../../../core/ids.ts'
import { SECOND_MS } from '../../../core/time.ts'
import { rowIdOf } from '../../attempt-key.ts'
import type { WebhookSubject } from '../../schema.ts'
import type { WebhookDoor, WebhookEvent, WebhookNotice, WebhookRequest } from '../port.ts'
import { accountChanged, accountLeft, bankChanged, bankPayoutEnded } from './accounts.ts'
import { keysOf, loadStripe, type StripeKeys, stripeFor } from './client.ts'
import { askStripe } from './refusals.ts'

const SIGNATURE_HEADER = 'stripe-signature'
/** An event is refused if it was signed longer ago. */
const MAX_AGE_SECONDS = 300

/** For events about the platform's own account: payments, refunds, disputes and transfers. */
export const ownEvents = doorFor(({ webhookSecret }) => webhookSecret, readOwn)

/** For events about the accounts of payees, which Stripe sends to an endpoint with a secret of its own. */
export const accountEvents = doorFor(({ connectSecret }) => connectSecret, readOfAccount)

type Read = WebhookEvent | WebhookNotice | null

function doorFor(
  secretOf: (keys: StripeKeys) => string | undefined,
  read: (ctx: Ctx, event: Stripe.Event) => Read | Promise<Read>,
): WebhookDoor {
  return {
    answer: { received: true },
    isShared: true,
    async read(ctx, request) {
      const keys = keysOf(ctx.settings)
      const secret = keys === null ? undefined : secretOf(keys)
      if (secret === undefined) throw new Problem('invalid_state', 'stripe is not set up here.')
      return read(ctx, await verified(ctx, request, secret))
    },
  }
}

async function verified(ctx: Ctx, { headers, body }: WebhookRequest, secret: string): Promise<Stripe.Event> {
  const Package = await loadStripe()
  const signature = headers.get(SIGNATURE_HEADER) ?? ''
  try {
    return await Package.webhooks.constructEventAsync(
      body,
      signature,
      secret,
      MAX_AGE_SECONDS,
      Package.createSubtleCryptoProvider(),
      ctx.now,
    )
  } catch (error) {
    // The package's own text quotes what was sent.
    if (error instanceof Package.errors.StripeSignatureVerificationError) {
      throw new Problem('forbidden', 'The signature is not Stripe’s, or is too old.')
    }
    throw new Problem('malformed_request', 'The body is not an event of stripe.')
  }
}

async function readOwn(ctx: Ctx, event: Stripe.Event): Promise<Read> {
  switch (event.type) {
    case 'checkout.session.completed':
    case 'checkout.session.async_payment_succeeded':
    case 'checkout.session.async_payment_failed':
    case 'checkout.session.expired':
      return about(event, 'payment', event.data.object.client_reference_id)
    case 'charge.refunded':
      return about(event, 'payment', event.data.object.metadata.paymentId)
    case 'charge.dispute.created':
    case 'charge.dispute.updated':
    case 'charge.dispute.closed':
    case 'charge.dispute.funds_withdrawn':
    case 'charge.dispute.funds_reinstated':
      return about(event, 'payment', await paymentOf(ctx, event.data.object))
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed': {
      const refund = event.data.object
      const key = refund.metadata?.refundId
      return key === undefined
        ? about(event, 'payment', await paymentOf(ctx, refund))
        : about(event, 'refund', rowIdOf(key))
    }
    case 'transfer.created':
    case 'transfer.updated':
    case 'transfer.reversed':
      return about(event, 'payout', rowIdOf(event.data.object.metadata.payoutId ?? ''))
    default:
      return null
  }
}

/** A charge has the metadata of its payment intent; its disputes and its refunds by hand do not. */
async function paymentOf(
  ctx: Ctx,
  { payment_intent: intent }: Pick<Stripe.Dispute | Stripe.Refund, 'payment_intent'>,
): Promise<string | undefined> {
  if (intent === null) return undefined
  const stripe = await stripeFor(ctx.settings)
  const id = typeof intent === 'string' ? intent : intent.id
  return (await askStripe(() => stripe.paymentIntents.retrieve(id))).metadata.paymentId
}

/** Null if the object carries no id of ours: it was made by something else that uses the account. */
function about(event: Stripe.Event, subject: WebhookSubject, id: string | null | undefined): Read {
  return Id(subject).safeParse(id).success ? { eventId: event.id, subject, subjectId: id! } : null
}

function readOfAccount(_ctx: Ctx, event: Stripe.Event): Read {
  const { account } = event
  if (account === undefined) return null
  switch (event.type) {
    case 'account.updated':
    case 'capability.updated':
      return { act: (ctx) => accountChanged(ctx, account) }
    case 'account.external_account.created':
    case 'account.external_account.updated':
    case 'account.external_account.deleted':
      // Stripe's time is cut to the second.
      return { act: (ctx) => bankChanged(ctx, account, (event.created + 1) * SECOND_MS) }
    case 'account.application.deauthorized':
      return { act: async (ctx) => void (await accountLeft(ctx, account)) }
    case 'payout.failed':
      return { act: (ctx) => bankPayoutEnded(ctx, account, true) }
    case 'payout.paid':
      return { act: (ctx) => bankPayoutEnded(ctx, account, false) }
    default:
      return null
  }
}
