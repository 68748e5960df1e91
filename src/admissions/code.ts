/**
 * The code of an admission, which its QR carries: a payload that names the admission, and the deployment's signature. It is
 * pure, so a scanner that is offline can read it with the published keys alone. `docs/events.md` describes the format.
 */
import { idOfWords, type UuidWords, wordsOf } from '../core/ids.ts'
import { concat, fromHex, LP, u8, u32 } from '../rdp1/encoding.ts'
import type { Primitives } from '../rdp1/primitives.ts'
import { type SigningKey, verify } from '../rdp1/signatures.ts'
import { decodeBase32, encodeBase32 } from './base32.ts'

/** One admission: a number of a sold reservation. */
export interface Admission {
  reservationId: string
  number: number
}

const VERSION = 1
const WORD_BYTES = 4
const UUID_AT = 1
const NUMBER_AT = 17
const PAYLOAD_BYTES = 20
const SIGNATURE_BYTES = 64
const CODE_BYTES = PAYLOAD_BYTES + SIGNATURE_BYTES
/** The number takes the last three of these bytes. */
const NUMBER_MASK = 0xff_ffff

/** The letters of every code of this version. */
export const CODE_LETTERS = Math.ceil((CODE_BYTES * 8) / 5)

const payloadOf = ({ reservationId, number }: Admission): Uint8Array =>
  concat(u8(VERSION), ...wordsOf(reservationId).map(u32), u32(number).subarray(1))

/** What is signed: no other message of this deployment begins so. */
const signedMessage = (payload: Uint8Array): Uint8Array => concat(LP('tombola/admission'), payload)

/** The same admission always gets the same code. */
export function codeOf(admission: Admission, key: SigningKey): string {
  const payload = payloadOf(admission)
  return encodeBase32(concat(payload, key.sign(signedMessage(payload))))
}

export type ReadCode = ({ ok: true } & Admission) | { ok: false; reason: string }

const NO_CODE: ReadCode = { ok: false, reason: 'This is not the code of a ticket, or not all of it.' }

/** Reads a code that one of these keys (hex) has signed. Only the pool knows whether the admission is still sold. */
export function readCode(
  code: string,
  publicKeys: readonly string[],
  primitives: Pick<Primitives, 'verifyEd25519'>,
): ReadCode {
  const bytes = decodeBase32(code.trim().toUpperCase())
  if (bytes === null) return NO_CODE
  if (bytes.length > 0 && bytes[0] !== VERSION)
    return { ok: false, reason: 'This is not the code of a ticket of this version.' }
  if (bytes.length !== CODE_BYTES) return NO_CODE
  const payload = bytes.subarray(0, PAYLOAD_BYTES)
  const message = signedMessage(payload)
  const isSigned = publicKeys.some((key) =>
    verify(primitives, fromHex(key), message, bytes.subarray(PAYLOAD_BYTES)),
  )
  if (!isSigned) return { ok: false, reason: 'The signature of this code is wrong: it is not from here.' }
  return { ok: true, ...admissionOf(payload) }
}

function admissionOf(payload: Uint8Array): Admission {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const words = [0, 1, 2, 3].map((at) => view.getUint32(UUID_AT + at * WORD_BYTES)) as UuidWords
  // The byte before the number is masked away: three bytes cannot be read at once.
  return {
    reservationId: idOfWords('reservation', words),
    number: view.getUint32(NUMBER_AT - 1) & NUMBER_MASK,
  }
}
