/**
 * Money out: refunds of charges, and transfers to accounts. Each carries its attempt's key in its metadata. It is looked
 * for by that before it is sent, because Stripe forgets the keys of requests after a day.
 */
import type { Stripe } from 'stripe'
import type { Ctx } from '../../../core/context.ts'
import { rowIdOf } from '../../attempt-key.ts'
import type { ReceiptRow } from '../../schema.ts'
import type { OutgoingPayout, OutgoingRefund, Sent } from '../port.ts'
import { toStripe } from './amounts.ts'
import { stripeFor } from './client.ts'
import { askStripe, LISTED_AT_ONCE, readAll, reasonOf, tryStripe } from './refusals.ts'

const NEVER_SENT: Sent = { status: 'failed', reference: null, reason: 'it was never sent' }

export async function sendRefund(ctx: Ctx, refund: OutgoingRefund): Promise<Sent> {
  const stripe = await stripeFor(ctx.settings)
  const { id } = refund
  const of = chargeOf(refund.capture)
  const known = await findRefund(stripe, of, id)
  if (known !== null) return refundSent(known)
  if (refund.pollOnly) return NEVER_SENT
  const { result, refusal } = await tryStripe(() =>
    stripe.refunds.create(
      { ...of, amount: toStripe(refund).amount, metadata: { refundId: id } },
      { idempotencyKey: id },
    ),
  )
  if (refusal !== null) return { status: 'failed', reference: null, reason: reasonOf(refusal) }
  return refundSent(result)
}

/** An administrator who recorded a capture from the statement may have named it by its payment intent. */
function chargeOf({ reference, receiptNumber }: ReceiptRow): { charge: string } | { payment_intent: string } {
  const names = [reference, receiptNumber].filter((name) => name !== null)
  const intent = names.find((name) => name.startsWith('pi_'))
  const charge = names.find((name) => /^(ch|py)_/.test(name))
  return charge === undefined && intent !== undefined
    ? { payment_intent: intent }
    : { charge: charge ?? reference }
}

/**
 * The refund of this attempt, or of another one that has not failed: an answer that came too late may have hidden it. Null:
 * there is none. Stripe's lists show what was made a moment ago.
 */
async function findRefund(
  stripe: Stripe,
  of: ReturnType<typeof chargeOf>,
  id: string,
): Promise<Stripe.Refund | null> {
  const all = await readAll(stripe.refunds.list({ ...of, limit: LISTED_AT_ONCE }))
  const ours = all.filter(({ metadata }) => rowIdOf(metadata?.refundId ?? '') === rowIdOf(id))
  return (
    ours.find((each) => !hasFailed(each)) ?? ours.find(({ metadata }) => metadata?.refundId === id) ?? null
  )
}

const hasFailed = ({ status }: Stripe.Refund): boolean => status === 'failed' || status === 'canceled'

const FAILURES: Readonly<Record<string, string>> = {
  expired_or_canceled_card: 'the card has expired or was cancelled',
  lost_or_stolen_card: 'the card was lost or stolen',
  insufficient_funds: 'the balance at Stripe was too low',
  charge_for_pending_refund_disputed: 'the payer’s bank has taken the money back already',
}

/** Stripe took the money when the refund was made. If it fails, at once or later, the money is back at Stripe. */
function refundSent(refund: Stripe.Refund): Sent {
  const { id, status, failure_reason: why } = refund
  if (status === 'succeeded') return { status, reference: id, reason: null }
  if (hasFailed(refund)) {
    const reason = FAILURES[why ?? ''] ?? 'the payer’s bank refused it'
    return { status: 'failed', reference: id, reason, isReturned: true }
  }
  return { status: 'pending', reference: id, reason: null }
}

export async function sendPayout(ctx: Ctx, payout: OutgoingPayout): Promise<Sent> {
  const stripe = await stripeFor(ctx.settings)
  const { id, destination } = payout
  const group = rowIdOf(id)
  const known = await findTransfer(stripe, group, id)
  if (known !== null) return transferSent(known)
  if (payout.pollOnly) return NEVER_SENT
  const sum = toStripe(payout)
  const waits = await whyItWaits(stripe, sum, destination)
  if (waits !== null) return { status: 'pending', reference: null, reason: waits }
  const { result, refusal } = await tryStripe(() =>
    stripe.transfers.create(
      { ...sum, destination, transfer_group: group, metadata: { payoutId: id } },
      { idempotencyKey: id },
    ),
  )
  if (refusal === null) return transferSent(result)
  // The balance fell since it was read. Under this key Stripe repeats that for a day; then it is sent.
  if (refusal.code === 'balance_insufficient')
    return { status: 'pending', reference: null, reason: NO_BALANCE }
  return { status: 'failed', reference: null, reason: reasonOf(refusal) }
}

/** The transfer of this attempt, or of another one that was not taken back: then nothing more is owed. */
async function findTransfer(stripe: Stripe, group: string, id: string): Promise<Stripe.Transfer | null> {
  const all = await readAll(stripe.transfers.list({ transfer_group: group, limit: LISTED_AT_ONCE }))
  const ours = all.filter(({ metadata }) => rowIdOf(metadata.payoutId ?? '') === group)
  return (
    ours.find(({ reversed }) => !reversed) ?? ours.find(({ metadata }) => metadata.payoutId === id) ?? null
  )
}

const NO_BALANCE = 'the balance at Stripe is too low for it; it is sent once there is enough'

/**
 * A transfer that would be refused for now is not tried, because Stripe repeats a refusal under the same key for a day.
 * Null: it can be sent.
 */
async function whyItWaits(
  stripe: Stripe,
  { amount, currency }: ReturnType<typeof toStripe>,
  destination: string,
): Promise<string | null> {
  const [balance, account] = await Promise.all([
    askStripe(() => stripe.balance.retrieve()),
    askStripe(() => stripe.accounts.retrieve(destination)),
  ])
  if (account.capabilities?.transfers !== 'active') return 'the account at Stripe cannot receive money yet'
  const available = balance.available.find((each) => each.currency === currency)?.amount ?? 0
  return available < amount ? NO_BALANCE : null
}

/** A transfer is in the account at once. Only a reversal takes it back: a part of it stays with the account. */
function transferSent({ id, reversed, amount_reversed: back }: Stripe.Transfer): Sent {
  if (reversed) {
    return { status: 'failed', reference: id, reason: 'Stripe has taken the transfer back', isReturned: true }
  }
  const reason = back > 0 ? 'Stripe has taken a part of the transfer back' : null
  return { status: 'succeeded', reference: id, reason }
}
