/** The tickets that take part in a raffle's draw, computed from its log. */
import { HASH_BYTES } from '../../rdp1/encoding.ts'
import type { TicketList } from '../../rdp1/list.ts'
import type { Pool } from './pool.ts'
import type { Step } from './steps.ts'
import type { PoolStore } from './store.ts'

/** The issued tickets that were not voided, ascending by number. It creates no object for each ticket. */
export function buildList(store: PoolStore, total: number): TicketList {
  const tags = new Uint8Array((total + 1) * HASH_BYTES)
  const sold = new Uint8Array(total + 1)
  let count = 0
  eachSale(store, ({ numbers, tag }, issued) => {
    for (const number of numbers) {
      if (issued) tags.set(tag, number * HASH_BYTES)
      sold[number] = issued ? 1 : 0
      count += issued ? 1 : -1
    }
  })
  const numbers = new Uint32Array(count)
  let index = 0
  for (let number = 0; number <= total; number++) {
    if (sold[number] === 0) continue
    numbers[index] = number
    // Tags can move down in place, without a second buffer: the target is never after the source.
    tags.copyWithin(index * HASH_BYTES, number * HASH_BYTES, (number + 1) * HASH_BYTES)
    index++
  }
  return { numbers, tags: tags.subarray(0, count * HASH_BYTES) }
}

const committed = new WeakMap<Pool, TicketList>()

/** The pool's list, built once after the commitment, because from then on it never changes. */
export function listOf(pool: Pool, store: PoolStore): TicketList {
  const list = committed.get(pool) ?? buildList(store, pool.sale.total)
  if (pool.record.commitment !== null) committed.set(pool, list)
  return list
}

/** Visits each step that issued or voided numbers, in the order of the log. */
export function eachSale(store: PoolStore, visit: (step: Step, issued: boolean) => void): void {
  for (const step of store.stepsAfter(0)) if (step.logIndex !== null) visit(step, step.kind !== 'voided')
}
