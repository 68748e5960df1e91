// The invariants of a capacity group: its seats and the tickets of its types are the same, reservation by reservation.
import { validNumbers } from '../../src/tickets/pool-contract.ts'
import type { Event } from './event-stage.ts'
import { type History, readReservations, readState } from './pool-history.ts'

export async function auditGroup(
  { types, group }: Event,
  histories: ReadonlyMap<string, History>,
): Promise<string[]> {
  const wrong: string[] = []
  const state = (await readState(group.id))!
  const taken = state.sold + state.held
  if (taken > state.total) wrong.push(`group ${group.id} has ${state.total} seats, and ${taken} are taken`)
  if (state.cancellation === null && state.total !== group.capacity)
    wrong.push(`group ${group.id} has ${group.capacity} seats, and its pool ${state.total}`)
  const seats = new Map((await readReservations(group.id)).map((each) => [each.holder, each]))
  let tickets = 0
  for (const { id } of types.filter(({ isGrouped }) => isGrouped)) {
    const { owesSeats, rows } = histories.get(id)!
    for (const reservation of await readReservations(id)) {
      const { state: is, numbers, heldUntil, firstSeq } = reservation
      // A ticket that was given away keeps the seat of the reservation in which it was sold.
      if (rows.get(firstSeq)!.id !== reservation.id) continue
      const own = seats.get(reservation.id)
      const valid = validNumbers(reservation).length
      const seated = own?.state === 'sold' ? own.numbers.length : 0
      tickets += valid
      const name = `reservation ${reservation.id} of the group ${group.id}`
      if (seated < valid || (seated > valid && !owesSeats && !isConfirming(reservation, own)))
        wrong.push(`${name} has ${valid} tickets and ${seated} seats`)
      const isHeld = is === 'held' && heldUntil! > Date.now()
      const kept = own?.state === 'released' || own === undefined ? 0 : own.numbers.length
      if (isHeld && kept !== numbers.length)
        wrong.push(`${name} holds ${numbers.length} tickets and ${kept} seats`)
      seats.delete(reservation.id)
    }
  }
  if (tickets > state.total) wrong.push(`group ${group.id} has ${state.total} seats for ${tickets} tickets`)
  for (const { id, state: is } of seats.values())
    if (is === 'sold') wrong.push(`seats ${id} of the group ${group.id} belong to no tickets`)
  return wrong
}

/** The seats are confirmed before the tickets. If the settlement stops in between, the sweep goes on. */
const isConfirming = ({ state }: { state: string }, own: { state: string } | undefined): boolean =>
  (state === 'held' || state === 'released') && own?.state === 'sold'
