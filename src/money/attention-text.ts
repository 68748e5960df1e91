/** Why a person must look at money that moves: the same words for payments, refunds and payouts. */
import type { Provider } from './provider-name.ts'

const withReason = (reason: string | null): string => (reason === null ? '' : `: ${reason}`)

export const attentionText = {
  payByHand: 'Pay it by hand, then record it here.',
  /** Sending it throws. */
  cannotBeSent: (provider: Provider) => `It cannot be sent by ${provider}; this is retried until it can.`,
  failed: (provider: Provider, reason: string | null) => reason ?? `${provider} gave no reason.`,
}

/** Its provider has said for too long that it is pending, or cannot say what became of it. */
export const whyLate = (
  { provider }: { provider: Provider },
  status: 'pending' | 'unknown' | 'failed' | 'succeeded',
  reason: string | null,
): string =>
  status === 'pending'
    ? `${provider} has not confirmed it yet.`
    : `${provider} does not know what became of it${withReason(reason)}.`
