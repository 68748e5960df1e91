/** What M-Pesa needs to know of this deployment, from its settings. */
import type { Settings } from '../../../core/settings.ts'

export interface Keys {
  /** Where Daraja, M-Pesa's API, answers; without a slash at the end. */
  url: string
  consumerKey: string
  consumerSecret: string
  /** The short code that takes payments. */
  shortCode: string
  passkey: string
  initiator: string
  securityCredential: string
  /** The short code that payouts are sent from. */
  payoutShortCode: string
}

/** Null: it is not set up. The settings have all of them or none. */
export function keysOf(settings: Settings): Keys | null {
  const { MPESA_URL: url, MPESA_CONSUMER_KEY, MPESA_CONSUMER_SECRET, MPESA_SHORT_CODE } = settings
  const { MPESA_PASSKEY, MPESA_INITIATOR, MPESA_SECURITY_CREDENTIAL, MPESA_PAYOUT_SHORT_CODE } = settings
  if (url === undefined) return null
  return {
    url: url.replace(/\/+$/, ''),
    consumerKey: MPESA_CONSUMER_KEY!,
    consumerSecret: MPESA_CONSUMER_SECRET!,
    shortCode: MPESA_SHORT_CODE!,
    passkey: MPESA_PASSKEY!,
    initiator: MPESA_INITIATOR!,
    securityCredential: MPESA_SECURITY_CREDENTIAL!,
    payoutShortCode: MPESA_PAYOUT_SHORT_CODE ?? MPESA_SHORT_CODE!,
  }
}
