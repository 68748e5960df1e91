/** What a payment provider must be able to do. One file a provider; whoever adds one adds a file and a row in `index`. */
import type { Ctx } from '../../core/context.ts'
import type { Settings } from '../../core/settings.ts'
import type { Provider } from '../../raffles/contract.ts'
import type { PaymentAction, PaymentRow } from '../schema.ts'

/** A capture at the provider: money that really arrived. */
export interface Capture {
  /** The provider's id of this capture; two captures of one payment have two. */
  reference: string
  amount: number
  currency: string
}

/** What the provider says of a payment now. `unknown`: it could not be asked, or has not made up its mind. */
export interface Observed {
  status: 'pending' | 'succeeded' | 'failed' | 'unknown'
  /** Every capture so far, whatever the status. */
  captures: Capture[]
  /** Why it failed, or could not be asked, in words for the buyer or the operator. */
  reason: string | null
}

export interface Started {
  reference: string
  action: PaymentAction
}

/** Money on its way out. Our own `id` is the provider's key: asked twice, it is sent once. */
export interface Outgoing {
  id: string
  amount: number
  currency: string
}

export interface OutgoingRefund extends Outgoing {
  paymentReference: string
  captureReference: string
}

export interface OutgoingPayout extends Outgoing {
  /** Personal; never logged. */
  destination: string
}

/** `unknown`: it may or may not have been sent; it is asked about again, never sent under another key. */
export interface Sent {
  status: 'pending' | 'succeeded' | 'failed' | 'unknown'
  reference: string | null
  reason: string | null
}

/** A verified event: what it is about; the truth is then fetched. */
export interface WebhookEvent {
  eventId: string
  subject: 'payment' | 'refund' | 'payout'
  /** Our own id of it. */
  subjectId: string
}

export interface PaymentProvider {
  name: Provider
  /** How long a payment by it may take from its start. */
  spanSeconds(settings: Settings): number
  /** Asks for the money, keyed by the payment's id; idempotent. */
  start(ctx: Ctx, payment: PaymentRow): Promise<Started>
  fetch(ctx: Ctx, payment: PaymentRow): Promise<Observed>
  /** Tells the provider that nobody waits for it any more, where it can be told. What is paid all the same goes back. */
  stop(ctx: Ctx, payment: PaymentRow): Promise<void>
  /** Sends money back; called again with the same id, says how that one stands. Null: only by hand. */
  refund(ctx: Ctx, refund: OutgoingRefund): Promise<Sent>
  payout(ctx: Ctx, payout: OutgoingPayout): Promise<Sent>
  /** Verifies and reads a webhook; throws a Problem (4xx) on a forged, stale or foreign one. Null: it sends none. */
  parseWebhook: ((ctx: Ctx, headers: Headers, body: string) => Promise<WebhookEvent>) | null
}
