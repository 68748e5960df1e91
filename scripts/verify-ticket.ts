// Checks the code of an event's ticket offline, with the published keys alone.

import { readCode } from '../src/admissions/code.ts'
import { nativeCrypto } from '../src/core/native-crypto.ts'
import { KeyFileSchema } from '../src/rdp1/proof.ts'
import { reservationAddress } from '../src/tickets/reservation-id.ts'

export interface TicketReport {
  isGenuine: boolean
  lines: string[]
}

export function verifyTicket(code: string, keyFile: unknown): TicketReport {
  const keys = KeyFileSchema.safeParse(keyFile)
  if (!keys.success) return { isGenuine: false, lines: ['The key file is not a list of signing keys.'] }
  const read = readCode(
    code,
    keys.data.keys.map(({ publicKey }) => publicKey),
    nativeCrypto,
  )
  if (!read.ok) return { isGenuine: false, lines: [read.reason] }
  const { reservationId, number } = read
  return {
    isGenuine: true,
    lines: [
      'Genuine: this deployment signed the code.',
      `  reservation  ${reservationId}`,
      `  number       ${number}`,
      `  pool         ${reservationAddress(reservationId).pool}`,
      'Only a check-in tells whether the ticket is still valid and unused.',
    ],
  }
}
