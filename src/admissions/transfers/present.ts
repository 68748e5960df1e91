/** Turns a transfer into a response, as its giver or its receiver sees it. */
import { toInstant } from '../../core/time.ts'
import type { TransferRow } from '../schema.ts'
import type { TicketTransfer } from './contract.ts'

export interface FoundTransfer {
  transfer: TransferRow
  /** Of the event. */
  title: string
}

/** The receiver does not learn who gives it, nor of the giver's reservation. */
export function presentTransfer({ transfer, title }: FoundTransfer, readerId: string): TicketTransfer {
  const isGiver = transfer.fromUser === readerId
  return {
    id: transfer.id,
    state: transfer.state,
    event: { id: transfer.eventId, title },
    ticketTypeId: transfer.ticketTypeId,
    number: transfer.number,
    reservationId: isGiver ? transfer.reservationId : transfer.newReservationId,
    email: isGiver ? transfer.email : null,
    createdAt: toInstant(transfer.createdAt),
    expiresAt: toInstant(transfer.expiresAt),
  }
}
