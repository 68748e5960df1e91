/** Our own address to which a provider's page sends the payer back. It shows what we know, not what the page claims. */
import { timingSafeEqual } from 'node:crypto'
import { keyedHash } from '../core/keyed-hash.ts'
import type { Settings } from '../core/settings.ts'

type ReturnSettings = Pick<Settings, 'JWT_SECRET' | 'PUBLIC_ORIGIN'>

/** Only who was sent to pay knows the address: it polls the provider, and says whether the payment is paid. */
const tokenOf = (settings: ReturnSettings, paymentId: string): string =>
  keyedHash(settings, 'tombola return from a payment page 1', paymentId)

export const returnAddress = (settings: ReturnSettings, paymentId: string): string =>
  `${settings.PUBLIC_ORIGIN}/pay/return/${paymentId}/${tokenOf(settings, paymentId)}`

export function isReturnToken(settings: ReturnSettings, paymentId: string, token: string): boolean {
  const given = Buffer.from(token)
  const right = Buffer.from(tokenOf(settings, paymentId))
  return given.length === right.length && timingSafeEqual(given, right)
}
