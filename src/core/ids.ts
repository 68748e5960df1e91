/** Public ids: TypeIDs (a prefix that says what it names, a UUIDv7 inside), and the schema of each. */
import { TypeID, typeidUnboxed } from 'typeid-js'
import * as z from 'zod'

/** Every kind of thing that has a public id. */
export const ID_PREFIXES = {
  user: 'user',
  session: 'session',
  organisation: 'org',
  raffle: 'raffle',
  reservation: 'res',
  winner: 'winner',
  request: 'req',
  sweep: 'sweep',
} as const
export type IdKind = keyof typeof ID_PREFIXES

export const newId = (kind: IdKind): string => typeidUnboxed(ID_PREFIXES[kind])

/** The 16 bytes of the UUID inside an id. */
export const idBytes = (id: string): Uint8Array => TypeID.fromString(id).toUUIDBytes()

/** An id made of the 16 bytes of a UUIDv7. */
export const idFromBytes = (kind: IdKind, bytes: Uint8Array): string =>
  TypeID.fromUUIDBytes(ID_PREFIXES[kind], bytes).toString()

/** The schema of one kind of id. */
export const Id = (kind: IdKind) =>
  z
    .string()
    .regex(
      new RegExp(`^${ID_PREFIXES[kind]}_[0-7][0-9a-hjkmnp-tv-z]{25}$`),
      `must be an id that starts with ${ID_PREFIXES[kind]}_`,
    )
