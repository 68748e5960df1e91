/** Check-ins in their wire shape. */
import { toInstant } from '../core/time.ts'
import type { CheckIn } from './contract.ts'
import { type CheckInRow, wasValid } from './schema.ts'

export interface FoundCheckIn {
  checkIn: CheckInRow
  typeName: string
  attendeeName: string | null
}

export const presentCheckIn = ({ checkIn, typeName, attendeeName }: FoundCheckIn): CheckIn => ({
  id: checkIn.id,
  eventId: checkIn.eventId,
  ticketType: { id: checkIn.ticketTypeId, name: typeName },
  reservationId: checkIn.reservationId,
  number: checkIn.number,
  attendeeName,
  scannedAt: toInstant(checkIn.scannedAt),
  receivedAt: toInstant(checkIn.receivedAt),
  by: checkIn.by,
  gate: checkIn.gate,
  scanId: checkIn.scanId,
  conflictWith: wasValid(checkIn) ? checkIn.conflictWith : null,
  wasValid: wasValid(checkIn),
  undone:
    checkIn.undoneAt === null
      ? null
      : { at: toInstant(checkIn.undoneAt), by: checkIn.undoneBy!, reason: checkIn.undoneReason! },
})
