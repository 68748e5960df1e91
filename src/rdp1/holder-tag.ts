// The public tag of a holder (rdp1 step 2): a salted hash, which is anonymous once the salt is erased.

import { concat, LP, sha256 } from './encoding.ts'

/** A salt is random for each raffle and user. */
export const SALT_BYTES = 16

export function holderTag(raffleId: string, userId: string, salt: Uint8Array): Uint8Array {
  if (salt.length !== SALT_BYTES) throw new RangeError(`a salt has ${SALT_BYTES} bytes, not ${salt.length}`)
  return sha256(concat(LP('rdp1/holder'), LP(raffleId), LP(userId), LP(salt)))
}
