/** What a payment provider must be able to do. To add a provider, add one file here and one row in `index.ts`. */
import type { BatchItem } from 'drizzle-orm/batch'
import type { Ctx } from '../../core/context.ts'
import type { Money } from '../../core/money.ts'
import type { Settings } from '../../core/settings.ts'
import type { Provider } from '../provider-name.ts'
import type { PaymentAction, PaymentRow, ReceiptRow, WebhookSubject } from '../schema.ts'

/** A capture at the provider: money that really arrived. */
export interface Capture extends Money {
  /** The provider's id of this capture: the same in a webhook and in a poll. Two captures of one payment have two ids. */
  reference: string
  /** The id on the payer's own statement, if that is another one and already known. It is unique to this capture. */
  receiptNumber?: string
  /** What the provider keeps for itself, if it reports that: less than `amount`. It is booked once, with the capture. */
  fee?: number
}

/**
 * Money that the provider took back from a capture: by a dispute with the payer's bank, or by a refund that a person made
 * in the provider's dashboard. A refund that we requested is no reversal.
 */
export interface Reversal extends Money {
  /** The provider's id of this reversal, the same in every report. */
  reference: string
  /** The `reference` of its capture, which stays in `captures`. */
  capture: string
  /** What the provider charges for it, if it reports that. It is booked once, with the reversal. */
  fee?: number
  /** Whether the money came back to us: the dispute was won, or the payer's bank refused the refund. */
  isReturned?: boolean
  /** Whether a person refunded it in the provider's dashboard. Otherwise the payer's bank took it. */
  isByHand?: boolean
}

/** The state of a payment at its provider. `unknown`: the provider could not be reached, or cannot say yet. */
export interface Observed {
  status: 'pending' | 'succeeded' | 'failed' | 'unknown'
  /** Every capture so far, in any status. */
  captures: Capture[]
  /** All reversals so far. A provider that never takes money back leaves it out. */
  takenBack?: Reversal[]
  /** Why it failed or is unknown, in words for the buyer or the operator. */
  reason: string | null
  /** The provider’s reports contradict each other or our request. `reason` is shown to operators at once. */
  needsPerson?: boolean
}

/** `refused`: the provider will not take this payment. `reason` is for the buyer. */
export type Started =
  | { status: 'started'; reference: string; action: PaymentAction }
  | { status: 'refused'; reason: string }

/** A start that calls nobody. */
export interface LocalStart {
  reference: string
  action: PaymentAction
  /** Writes the provider's own rows, in the batch that inserts the payment and after it, if the payment was inserted. */
  statements: BatchItem<'sqlite'>[]
}

/** Money to send. Our `id` is the idempotency key at the provider: two calls with one id send once. */
export interface Outgoing extends Money {
  id: string
  /** When our row was inserted (ms). A provider whose keys expire searches for an old transfer before it sends. */
  createdAt: number
  /** Only report its state: a transfer that was never sent is reported as failed, and is not sent now. */
  pollOnly: boolean
}

export interface OutgoingRefund extends Outgoing {
  /** The refunded payment. It holds the payer's phone number, which is personal. */
  payment: PaymentRow
  /** The capture that is refunded, in part or whole. */
  capture: ReceiptRow
}

export interface OutgoingPayout extends Outgoing {
  /** Personal; never logged. */
  destination: string
}

/** `unknown`: it may or may not have been sent. It is polled under the same key, because another key could send it twice. */
export interface Sent {
  status: 'pending' | 'succeeded' | 'failed' | 'unknown'
  reference: string | null
  reason: string | null
  /** With `failed`: it had arrived, and the provider took it back for us. */
  isReturned?: boolean
}

/** A request to one of a provider's webhook addresses: `POST /payments/<provider>/<door>`, or `…/<door>/<token>`. */
export interface WebhookRequest {
  headers: Headers
  body: string
  token: string | null
}

/** The subject of a verified event. Its state is then fetched; what only the event holds is read by `storedEventsAbout`. */
export interface WebhookEvent {
  /** Unique at the provider, and the same when it repeats the event. */
  eventId: string
  subject: WebhookSubject
  /** Our id of the payment, refund or payout. */
  subjectId: string
}

/** An event about no payment, refund or payout. It is not stored: the provider repeats it if `act` throws. */
export interface WebhookNotice {
  act(ctx: Ctx): Promise<void>
}

/** One webhook address of a provider. */
export interface WebhookDoor {
  /**
   * Verifies the signature or token, then parses. Throws a Problem (4xx) if the event is forged, stale or malformed.
   * Null: the event is genuine and does not concern us, so it is acknowledged.
   */
  read(ctx: Ctx, request: WebhookRequest): Promise<WebhookEvent | WebhookNotice | null>
  /** The body that the provider expects once the event is stored. */
  answer: Record<string, unknown>
  /** Whether another installation may share the account: then an event about no row of ours is acknowledged too. */
  isShared?: boolean
}

/** Who receives a payout. */
export type Payee = { userId: string } | { organisationId: string }

export interface PaymentProvider {
  name: Provider
  /** Whether the settings have its keys. Without them it does nothing, but rows from before may still have its name. */
  isSetUp(settings: Settings): boolean
  /** How long the buyer has to pay, counted from the start. `holdSeconds` is the setting `HOLD_SECONDS`. */
  spanSeconds(holdSeconds: number): number
  /**
   * The least time that a payer must have left, in seconds: for a page that cannot be closed earlier, or for a prompt.
   * Absent: any.
   */
  leastSeconds?: number
  /** Why nobody can pay this sum by it, in words that follow a field's name. Null: they can. */
  whyNotSum(sum: Money): string | null
  /** Why it cannot pay this sum to anybody, in words that follow a field's name. Null: it can. */
  whyNotPayout(sum: Money): string | null
  /** Why nobody can be paid there, in words that follow a field's name. Null: it can be a destination. */
  whyNotDestination(destination: string): string | null
  /**
   * The sum of a payment that proves that `destination` is the user's phone. It goes back. Null, or absent: there is nothing
   * to prove.
   */
  proof?(destination: string): Money | null
  /** What it can move is a multiple of this, in minor units. It leaves it out if that is 1. */
  smallestUnit?: number
  /** Writes an account or phone number in its one stored form. What it cannot read stays as it is. Absent: it changes nothing. */
  normalise?(account: string): string
  /** Whether it prompts on the payer's phone, so that a number is required. */
  needsPhone: boolean
  /** Why it cannot prompt this phone, in words that follow a field's name. Null, or absent: it can. */
  whyNotPhone?(phone: string): string | null
  /** Whether a second start prompts the payer twice. Then a start whose answer was lost is never retried by the sweep. */
  startsOnce: boolean
  /** Starts the payment under its id. Idempotent, unless it `startsOnce`. Throws if the provider cannot be reached. */
  start(ctx: Ctx, payment: PaymentRow): Promise<Started>
  /**
   * For a provider within this installation: starts the payment in the batch that inserts it, which saves a trip to the
   * database. Null: the payment is inserted first, and `start` is called then.
   */
  startLocally: ((ctx: Ctx, payment: PaymentRow) => LocalStart) | null
  /** Polls the payment. After a lost start there is no `reference`: then it searches by our id, or returns `unknown`. */
  fetch(ctx: Ctx, payment: PaymentRow): Promise<Observed>
  /**
   * Cancels the payment at the provider, if that is possible. `tooLate`: it was paid just now, so it must be polled. A later
   * capture is refunded.
   */
  stop(ctx: Ctx, payment: PaymentRow): Promise<'stopped' | 'tooLate'>
  /**
   * For a provider that keeps accounts of payees: why this payee cannot be paid to `destination` now, in words that follow
   * a field's name. Null: it can be.
   */
  whyNotPayee?(ctx: Ctx, destination: string, payee: Payee): Promise<string | null>
  /** Sends a refund. A repeat with the same id sends nothing and returns the refund's state. */
  refund(ctx: Ctx, refund: OutgoingRefund): Promise<Sent>
  /** Sends a payout. A repeat with the same id sends nothing and returns the payout's state. */
  payout(ctx: Ctx, payout: OutgoingPayout): Promise<Sent>
  /** Its webhook addresses, by the name in their path. */
  webhooks: Readonly<Record<string, WebhookDoor>>
}
