/** `/.well-known/tombola.json`: the present signing key of this deployment, and its retired keys. */
import { signingKeyFromSeed } from '../core/native-crypto.ts'
import type { Settings } from '../core/settings.ts'
import type { KeyFile } from '../rdp1/proof.ts'

const ID_LENGTH = 8

export function signingKeys(settings: Settings): KeyFile {
  const present = signingKeyFromSeed(settings.SIGNING_KEY).publicKey
  return {
    keys: [present, ...settings.RETIRED_PUBLIC_KEYS].map((publicKey) => ({
      id: publicKey.slice(0, ID_LENGTH),
      algorithm: 'Ed25519',
      publicKey,
    })),
  }
}
