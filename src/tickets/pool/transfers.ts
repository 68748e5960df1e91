/** Whether a number may go to another holder. Tickets of a raffle never do: its log has published whose they are. Pure. */
import type { Refusal, Reservation, TransferRequest } from '../pool-contract.ts'
import { unpackNumbers } from './numbers.ts'
import { refuse } from './refusals.ts'
import type { ReservationRow } from './tables.ts'

/** Whether a reservation was made by the transfer of this number out of `row`. */
export const isTransferOf = (made: ReservationRow, row: ReservationRow, number: number): boolean =>
  made.moved_from === row.seq && unpackNumbers(made.numbers)[0] === number

export interface Source {
  row: ReservationRow
  reservation: Reservation
  /** The reservation that its number came from; undefined: it was sold to its holder. */
  source: ReservationRow | undefined
}

export function whyTransferRefused(
  pool: { raffle: object | null; isOver: boolean },
  { row, reservation, source }: Source,
  number: number,
  { holder }: TransferRequest,
): Refusal | null {
  const refused = (detail: string) => refuse('invalid_state', detail)
  if (pool.raffle !== null) return refused('Tickets of a raffle cannot be transferred.')
  if (pool.isOver) return refused('The event of this ticket was cancelled.')
  if (reservation.state !== 'sold' || !reservation.numbers.includes(number))
    return refused('This ticket is not valid, or was transferred already.')
  if (row.holder === holder) return refused('This person has the ticket already.')
  // A prize that was set aside has had no holder before its winner.
  if (source !== undefined && source.entry !== 'setAside')
    return refused('This ticket was transferred once already.')
  return null
}
