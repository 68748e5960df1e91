/** What a payment provider must be able to do. One file a provider; whoever adds one adds a file and a row in `index`. */
import type { Ctx } from '../../core/context.ts'
import type { Money } from '../../core/money.ts'
import type { Provider } from '../provider-name.ts'
import type { PaymentAction, PaymentRow, ReceiptRow, WebhookSubject } from '../schema.ts'

/** A capture at the provider: money that really arrived. */
export interface Capture extends Money {
  /** The provider's id of this capture, the same however we come to know of it; two captures of one payment have two. */
  reference: string
  /** What the payer's own statement calls it, where that is another id and is known yet: one receipt is one capture's. */
  receiptNumber?: string
  /** What the provider keeps of it for itself, where it says; less than `amount`. Said once, with the capture. */
  fee?: number
}

/**
 * What the provider has taken back of a capture that had arrived, whoever made it: a dispute with the payer's bank, or a
 * refund in the provider's own dashboard. What it takes back because we asked is none.
 */
export interface Reversal extends Money {
  /** The provider's own id of it, the same however often it is told. */
  reference: string
  /** The capture's, which stays among the captures. */
  capture: string
}

/** What the provider says of a payment now. `unknown`: it could not be asked, or has not made up its mind. */
export interface Observed {
  status: 'pending' | 'succeeded' | 'failed' | 'unknown'
  /** Every capture so far, whatever the status. */
  captures: Capture[]
  /** All that it has taken back of them so far; left out by a provider that takes nothing back. */
  takenBack?: Reversal[]
  /** Why it failed, or could not be asked, in words for the buyer or the operator. */
  reason: string | null
}

/** `refused`: the provider will not ask the payer for it; `reason` is for the buyer. */
export type Started =
  | { status: 'started'; reference: string; action: PaymentAction }
  | { status: 'refused'; reason: string }

/** Money on its way out. Our own `id` is the provider's key: asked twice, it is sent once. */
export interface Outgoing extends Money {
  id: string
  /** When it was written down: a provider whose keys lapse looks for an older one before it sends. */
  createdAt: number
}

export interface OutgoingRefund extends Outgoing {
  /** The payment that it belongs to, with the payer's phone, which is personal. */
  payment: PaymentRow
  /** The capture that goes back, in part or whole. */
  capture: ReceiptRow
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

/** A request to one of a provider's doors: `POST /payments/<provider>/<door>`, with `/<token>` where it has one. */
export interface WebhookRequest {
  headers: Headers
  body: string
  token: string | null
}

/** A verified event: what it is about. The truth is then fetched; what cannot be is read again by `toldAbout`. */
export interface WebhookEvent {
  /** Unique at the provider, and the same when it tells the same again. */
  eventId: string
  subject: WebhookSubject
  /** Our own id of it. */
  subjectId: string
}

/** A door where a provider reports. */
export interface WebhookDoor {
  /** Verifies by signature or token, then reads; throws a Problem (4xx) on what is forged, stale or foreign. */
  read(ctx: Ctx, request: WebhookRequest): Promise<WebhookEvent>
  /** What the provider wants to hear once we have it. */
  answer: Record<string, unknown>
}

export interface PaymentProvider {
  name: Provider
  /** How long a payment by it may take from its start, where `HOLD_SECONDS` is so many. */
  spanSeconds(holdSeconds: number): number
  /** Why nobody can pay such a sum by it, in words that follow a field's name; null: they can. */
  whyNotSum(sum: Money): string | null
  /** Why it cannot pay such a sum there, in words that follow a field's name; null: it can. Without a sum: to there at all. */
  whyNotPayout(sum: Money | null, destination: string): string | null
  /** Whether it asks on the payer's phone, so that there must be a number. */
  needsPhone: boolean
  /** Whether asking twice asks the payer twice. Then a start whose answer was lost is never repeated by itself. */
  startsOnce: boolean
  /** Asks for the money, keyed by the payment's id: idempotent, unless it `startsOnce`. Throws if it cannot be reached. */
  start(ctx: Ctx, payment: PaymentRow): Promise<Started>
  /** Of a payment whose start was lost there may be no reference yet: then by our id, or `unknown`. */
  fetch(ctx: Ctx, payment: PaymentRow): Promise<Observed>
  /** Tells the provider that nobody waits for it any more, where it can be told. What is paid all the same goes back. */
  stop(ctx: Ctx, payment: PaymentRow): Promise<void>
  /** Sends money back; called again with the same id, says how that one stands. */
  refund(ctx: Ctx, refund: OutgoingRefund): Promise<Sent>
  payout(ctx: Ctx, payout: OutgoingPayout): Promise<Sent>
  /** Its doors, by name. */
  webhooks: Readonly<Record<string, WebhookDoor>>
}
