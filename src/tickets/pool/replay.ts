/** Loads a pool: replays its store into memory, and checks that no two live reservations have the same number. */
import { type EntryKind, ISSUED, VOIDED } from '../../rdp1/log.ts'
import type { Allocator } from './allocator.ts'
import type { Hold, Holds } from './holds.ts'
import type { SaleLog } from './sale-log.ts'
import type { SeatTypes } from './seat-types.ts'
import type { Step } from './steps.ts'
import type { PoolStore } from './store.ts'

/** A pool's memory, which must be empty before the replay. */
export interface Memory {
  allocator: Allocator
  holds: Holds
  seatTypes: SeatTypes
  /** Null: a ticket type, which has no log. */
  log: SaleLog | null
}

export interface Past {
  sold: number
  /** When the last event happened. */
  lastAt: number
  /** Whether anything was ever reserved. */
  isReserved: boolean
  /** Whether any reservation ever changed. */
  isChanged: boolean
}

/** Throws if two live reservations have the same number. */
export function replay(pool: string, store: PoolStore, { allocator, holds, seatTypes, log }: Memory): Past {
  const past: Past = { sold: 0, lastAt: 0, isReserved: false, isChanged: false }
  for (const step of store.stepsAfter(0)) {
    past.isReserved = true
    if (step.kind !== null) past.isChanged = true
    past.lastAt = Math.max(past.lastAt, step.at)
    replayStep(step)
  }
  holds.updateNextExpiry()
  return past

  function replayStep(step: Step): void {
    const { seq, reservation, kind, numbers, tag, at, holder, heldUntil, isProved, isUnpaid, isOffer } = step
    const { buyer, order, isAgain } = step
    const hold = holds.get(reservation)
    switch (kind) {
      case null:
        mustTake(step)
        if (heldUntil === null) recordEntries(ISSUED, step)
        else {
          const person = buyer ?? holder!
          if (isAgain) holds.missedOffers.forgive(holder!)
          holds.add({ seq, holder: holder!, person, order, numbers, heldUntil, tag, isProved, isOffer })
        }
        break
      case 'confirmed':
        if (hold === undefined) {
          mustTake(step)
          holds.unpaidEnds.forget(reservation)
        } else holds.drop(hold)
        recordEntries(ISSUED, step)
        break
      case 'voided':
        allocator.release(numbers)
        countSeats(holder, -numbers.length)
        recordEntries(VOIDED, step)
        break
      case 'expired':
      case 'released':
        // Every expiry counts. Rows from before there was `unpaid` say nothing else.
        if (kind === 'expired' || isUnpaid) holds.recordUnpaid(hold!, at)
        endHold(hold!)
        break
      case 'lost':
        holds.unpaidEnds.forget(reservation)
    }
  }

  function mustTake({ seq, numbers, holder }: Step): void {
    const twice = allocator.takeChosen(numbers)
    if (twice.length > 0)
      throw new Error(`pool ${pool}: numbers ${twice.join(', ')} are taken twice, at ${seq}`)
    countSeats(holder, numbers.length)
  }

  function countSeats(holder: string | null, seats: number): void {
    if (holder !== null) seatTypes.count(holder, seats)
  }

  function recordEntries(kind: EntryKind, { numbers, tag, at, logIndex, holder }: Step): void {
    past.sold += kind === ISSUED ? numbers.length : -numbers.length
    // A holder who is not named has tickets, and no seats.
    if (kind === ISSUED) holds.missedOffers.clearFor(holder ?? '')
    log?.replay({ kind, numbers, tag, at }, logIndex!)
  }

  function endHold(hold: Hold): void {
    holds.drop(hold)
    allocator.release(hold.numbers)
    seatTypes.count(hold.holder, -hold.numbers.length)
  }
}
