/** Who may ask: the password of a short code, and the initiator of what moves money. */
import { type Body, isNear, isText } from './forms.ts'
import { badRequest, Refusal } from './refusal.ts'
import type { MpesaSettings } from './settings.ts'

export function checkPassword(
  settings: MpesaSettings,
  { BusinessShortCode, Password, Timestamp }: Body,
): void {
  const { MPESA_SHORT_CODE: shortCode, MPESA_PASSKEY: passkey } = settings
  if (String(BusinessShortCode) !== shortCode) throw badRequest('BusinessShortCode')
  if (typeof Timestamp !== 'string' || !isNear(Timestamp)) throw badRequest('Timestamp')
  if (Password !== btoa(`${shortCode}${passkey}${Timestamp}`)) {
    throw new Refusal(500, '500.001.1001', 'Wrong credentials')
  }
}

/** `name`: its field has another name in a payout than elsewhere. */
export function checkInitiator(
  settings: MpesaSettings,
  name: unknown,
  { SecurityCredential, Remarks, Occasion }: Body,
): void {
  if (name !== settings.MPESA_INITIATOR) throw badRequest('Initiator')
  if (SecurityCredential !== settings.MPESA_SECURITY_CREDENTIAL) throw badRequest('SecurityCredential')
  if (!isText(Remarks, 100)) throw badRequest('Remarks')
  if (typeof Occasion !== 'string') throw badRequest('Occasion')
}
