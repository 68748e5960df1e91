/** Why a person must check a payment, refund or payout. All three use the same words. */
import type { Provider } from './provider-name.ts'

const withReason = (reason: string | null): string => (reason === null ? '' : `: ${reason}`)

export const attentionText = {
  /** Its winner removed the payout method, or set a new password while it was new. */
  stopped: 'The winner removed this payout method. It waits until the winner claims again with another one.',
  /** Its organisation's account at Stripe may have another bank. */
  bankChanged:
    'Its account at Stripe was set up again, or has another bank. Compare the bank with the organisation’s own before it is approved or retried.',
  payByHand: 'Pay it by hand, then record it here.',
  /** For a call that keeps throwing. */
  cannotBeSent: (provider: Provider) => `It cannot be sent by ${provider}; this is retried until it can.`,
  notHeld: (provider: Provider) =>
    `${provider} no longer holds this money for the organisation. It is sent once sales or a top-up cover it.`,
  /** For a payment whose reports a person must compare with the provider's statement. */
  contradiction: (provider: Provider, reason: string | null) =>
    `Compare it with the statement of ${provider}${withReason(reason)}.`,
  /** For a payout that was redirected, and that a person may be paying by hand. */
  paidBefore: (provider: Provider, reference: string | null) =>
    `${provider} has paid an earlier attempt at it after all${reference === null ? '' : ` (${reference})`}: do not pay it by hand too.`,
  /** For a payout that two providers have paid. */
  paidTwice: (provider: Provider, reference: string | null) =>
    `${provider} has paid an earlier attempt at it too${reference === null ? '' : ` (${reference})`}. The organisation bears that, unless the receiver gives it back.`,
  paidThoughCancelled: (provider: Provider, reference: string | null) =>
    `${provider} has paid it after it was cancelled${reference === null ? '' : ` (${reference})`}. The organisation bears it, unless the receiver gives it back.`,
  failed: (provider: Provider, reason: string | null) => reason ?? `${provider} gave no reason.`,
}

/** For a transfer that its provider has reported as pending or unknown for too long. */
export const whyLate = (
  { provider }: { provider: Provider },
  status: 'pending' | 'unknown' | 'failed' | 'succeeded',
  reason: string | null,
): string =>
  status === 'pending'
    ? `${provider} has not confirmed it yet${withReason(reason)}.`
    : `${provider} does not know what became of it${withReason(reason)}.`
