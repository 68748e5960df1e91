/** What a session says of its payment: what was captured, what Stripe took back of it, and what came back to us. */
import { sql } from 'drizzle-orm'
import type { Stripe } from 'stripe'
import type { Ctx } from '../../../core/context.ts'
import { disputeKey } from '../../refund-rows.ts'
import type { Capture, Observed, Reversal } from '../port.ts'
import { fromStripe } from './amounts.ts'
import { stripeFor } from './client.ts'
import { LISTED_AT_ONCE, readAll } from './refusals.ts'
import { isPaid, type Session } from './sessions.ts'

export async function observe(ctx: Ctx, session: Session): Promise<Observed> {
  const intent = objectOf(session.payment_intent)
  const charge = objectOf(intent?.latest_charge ?? null)
  if (charge?.paid && charge.captured) {
    return {
      status: 'succeeded',
      captures: [captureOf(charge)],
      takenBack: await reversalsOf(ctx, charge),
      reason: null,
    }
  }
  if (isPaid(session)) return { status: 'unknown', captures: [], reason: 'Stripe does not show its charge' }
  if (session.status === 'expired') return { status: 'failed', captures: [], reason: 'nobody paid in time' }
  // The payer has finished, and the bank has refused it after that: a method that does not pay at once.
  const isRefused = session.status === 'complete' && intent?.last_payment_error != null
  return {
    status: isRefused ? 'failed' : 'pending',
    captures: [],
    reason: isRefused ? 'it was declined' : null,
  }
}

/** Expanded by every request for it, so that it is an object. */
const objectOf = <Kind extends object>(value: string | Kind | null): Kind | null =>
  typeof value === 'string' ? null : value

function captureOf(charge: Stripe.Charge): Capture {
  const capture = { reference: charge.id, ...fromStripe(charge.amount_captured, charge.currency) }
  const booked = objectOf(charge.balance_transaction)
  // In another currency the fee is none of this sum's: the account at Stripe has no balance in the currency of the sale.
  const isSame = booked !== null && booked.currency === charge.currency && booked.fee > 0
  return isSame ? { ...capture, fee: fromStripe(booked.fee, booked.currency).amount } : capture
}

async function reversalsOf(ctx: Ctx, charge: Stripe.Charge): Promise<Reversal[]> {
  const stripe = await stripeFor(ctx.settings)
  const of = { charge: charge.id, limit: LISTED_AT_ONCE }
  const recorded = await recordedReversals(ctx, charge)
  const [refunds, disputes] = await Promise.all([
    // A refund that failed is no longer in the sum.
    charge.amount_refunded > 0 || recorded.size > 0 ? readAll(stripe.refunds.list(of)) : [],
    charge.disputed ? readAll(stripe.disputes.list(of)) : [],
  ])
  return [
    ...refunds.flatMap((refund) => refundByHand(charge, refund, recorded)),
    ...disputes.flatMap((dispute) => reversalOf(charge, dispute)),
  ]
}

/** The keys of the reversals of this charge that the ledger has. */
async function recordedReversals(ctx: Ctx, charge: Stripe.Charge): Promise<Set<string>> {
  const rows = await ctx.db.all<{ key: string }>(sql`
    SELECT refunds.key FROM receipts JOIN refunds ON refunds.order_id = receipts.order_id
    WHERE receipts.provider = 'stripe' AND receipts.reference = ${charge.id}
      AND refunds.key >= ${disputeKey('stripe', '')} AND refunds.key < ${disputeKey('stripe', '~')}`)
  return new Set(rows.map(({ key }) => key))
}

/**
 * A person made it in Stripe's dashboard: ours carry the key under which we sent them. The payer's bank may refuse it, even
 * after it had succeeded: then what was recorded has come back.
 */
function refundByHand(charge: Stripe.Charge, refund: Stripe.Refund, recorded: Set<string>): Reversal[] {
  const { id, metadata, status, amount, currency } = refund
  if (metadata?.refundId !== undefined) return []
  const isReturned = (status === 'failed' || status === 'canceled') && recorded.has(disputeKey('stripe', id))
  if (status !== 'succeeded' && !isReturned) return []
  return [{ reference: id, capture: charge.id, ...fromStripe(amount, currency), isReturned, isByHand: true }]
}

/** An inquiry moves no money. Once money was taken, it stays a reversal, and is marked if the dispute was won. */
function reversalOf(charge: Stripe.Charge, dispute: Stripe.Dispute): Reversal[] {
  const moved = dispute.balance_transactions
  if (!moved.some(({ amount }) => amount < 0)) return []
  const fee = moved
    .filter(({ currency }) => currency === dispute.currency)
    .reduce((sum, booked) => sum + Math.max(0, booked.fee), 0)
  return [
    {
      reference: dispute.id,
      capture: charge.id,
      ...fromStripe(dispute.amount, dispute.currency),
      ...(fee > 0 ? { fee: fromStripe(fee, dispute.currency).amount } : {}),
      isReturned: moved.some(({ amount }) => amount > 0),
    },
  ]
}
