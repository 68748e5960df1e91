/**
 * The addresses that M-Pesa calls back. It signs nothing, so each has a part that nobody can guess: our id and its keyed hash.
 * An address of one door is not valid at another.
 */
import { timingSafeEqual } from 'node:crypto'
import type { Ctx } from '../../../core/context.ts'
import { Problem } from '../../../core/errors.ts'
import { keyedHash } from '../../../core/keyed-hash.ts'
import type { Settings } from '../../../core/settings.ts'

export type Door = 'callback' | 'result' | 'timeout' | 'status'

const tokenOf = (settings: Settings, door: Door, id: string): string =>
  `${id}.${keyedHash(settings, 'tombola mpesa addresses 1', `${door} ${id}`)}`

/** `id`: a payment's id, or the key of an attempt at a refund or payout. */
export const addressOf = ({ settings }: Ctx, door: Door, id: string): string =>
  `${settings.PUBLIC_ORIGIN}/api/v1/payments/mpesa/${door}/${tokenOf(settings, door, id)}`

/** The id that the token was made for. Throws if we did not make it. */
export function idOfToken({ settings }: Ctx, door: Door, token: string | null): string {
  const given = Buffer.from(token ?? '')
  const id = (token ?? '').slice(0, Math.max(0, (token ?? '').lastIndexOf('.')))
  const right = Buffer.from(tokenOf(settings, door, id))
  if (given.length !== right.length || !timingSafeEqual(given, right)) {
    throw new Problem('forbidden', 'This callback address was never issued.')
  }
  return id
}
