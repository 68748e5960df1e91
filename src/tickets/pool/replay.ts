/** Loading a pool: replays everything in its store into memory, and checks that no number is given out twice. */
import { type EntryKind, ISSUED, VOIDED } from '../../rdp1/log.ts'
import type { Allocator } from './allocator.ts'
import type { Hold, Holds } from './holds.ts'
import type { SaleLog } from './sale-log.ts'
import type { Step } from './steps.ts'
import type { PoolStore } from './store.ts'

/** What a pool keeps in memory; empty when the replay begins. */
export interface Memory {
  allocator: Allocator
  holds: Holds
  /** Null where nothing is drawn. */
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

/** Throws where two live reservations have the same number. */
export function replay(pool: string, store: PoolStore, { allocator, holds, log }: Memory): Past {
  const past: Past = { sold: 0, lastAt: 0, isReserved: false, isChanged: false }
  for (const step of store.stepsAfter(0)) {
    past.isReserved = true
    if (step.kind !== null) past.isChanged = true
    past.lastAt = Math.max(past.lastAt, step.at)
    replayStep(step)
  }
  holds.findNextExpiry()
  return past

  function replayStep(step: Step): void {
    const { seq, reservation, kind, numbers, tag, at, holder, heldUntil } = step
    const hold = holds.get(reservation)
    switch (kind) {
      case null:
        mustTake(step)
        if (heldUntil === null) count(ISSUED, step)
        else holds.add({ seq, holder: holder!, numbers, heldUntil, tag })
        break
      case 'confirmed':
        if (hold === undefined) mustTake(step)
        else holds.drop(hold)
        count(ISSUED, step)
        break
      case 'voided':
        allocator.release(numbers)
        count(VOIDED, step)
        break
      case 'expired':
        holds.rememberExpiry(hold!.holder, at)
        end(hold!)
        break
      case 'released':
        end(hold!)
        break
      case 'lost':
    }
  }

  function mustTake({ seq, numbers }: Step): void {
    const twice = allocator.takeChosen(numbers)
    if (twice.length > 0) throw new Error(`pool ${pool}: numbers ${twice.join(', ')} stand twice, at ${seq}`)
  }

  function count(kind: EntryKind, { numbers, tag, at, logIndex }: Step): void {
    past.sold += kind === ISSUED ? numbers.length : -numbers.length
    log?.replay({ kind, numbers, tag, at }, logIndex!)
  }

  function end(hold: Hold): void {
    holds.drop(hold)
    allocator.release(hold.numbers)
  }
}
