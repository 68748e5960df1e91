/** The signature of sandbox webhooks: HMAC-SHA256 over `timestamp.body`, by a key derived from the worker's secret. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { Problem } from '../../core/errors.ts'
import type { Settings } from '../../core/settings.ts'
import { SECOND_MS } from '../../core/time.ts'

export const SIGNATURE_HEADER = 'sandbox-signature'

/** An event is refused if its timestamp is further than this in the past or in the future. */
const MAX_AGE_SECONDS = 300
/** One spelling: the time has no leading zeros, the digits of the hash are lower case. */
const FORM = /^t=(0|[1-9]\d{0,11}),v1=([0-9a-f]{64})$/

type Secrets = Pick<Settings, 'JWT_SECRET'>

/** The label makes this key differ from every other key that is derived from the same secret. */
const signatureOf = ({ JWT_SECRET }: Secrets, seconds: number, body: string): Buffer => {
  const key = createHmac('sha256', JWT_SECRET).update('tombola sandbox webhooks 1').digest()
  return createHmac('sha256', key).update(`${seconds}.${body}`).digest()
}

/** The header's value for `body`, sent at `now`. */
export function signEvent(secrets: Secrets, now: number, body: string): string {
  const seconds = Math.floor(now / SECOND_MS)
  return `t=${seconds},v1=${signatureOf(secrets, seconds, body).toString('hex')}`
}

/** Throws unless the sandbox signed `body` less than `MAX_AGE_SECONDS` ago. */
export function checkSignature(secrets: Secrets, now: number, header: string | null, body: string): void {
  const match = FORM.exec(header ?? '')
  const seconds = Number(match?.[1])
  const given = Buffer.from(match?.[2] ?? '', 'hex')
  if (match === null || !timingSafeEqual(given, signatureOf(secrets, seconds, body))) {
    throw new Problem('forbidden', 'The signature is not the sandbox’s.')
  }
  const age = now / SECOND_MS - seconds
  if (age > MAX_AGE_SECONDS) throw new Problem('forbidden', 'The signature is too old.')
  if (age < -MAX_AGE_SECONDS) throw new Problem('forbidden', 'The signature’s time is in the future.')
}
