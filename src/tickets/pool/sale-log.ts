/** A raffle's sale log (rdp1 step 3): a Merkle tree over every number that was issued or voided, in order. */
import { type EntryKind, saleLeafHash } from '../../rdp1/log.ts'
import { CHUNK_LEAVES, MerkleFrontier } from '../../rdp1/merkle.ts'
import type { PoolStore } from './store.ts'

const CHUNK_LEVEL = Math.log2(CHUNK_LEAVES)

/** The entries of one event: a leaf for each number, in this order. */
export interface LogEntries {
  kind: EntryKind
  numbers: readonly number[]
  tag: Uint8Array
  at: number
}

export class SaleLog {
  readonly #store: PoolStore
  readonly #tree = new MerkleFrontier()

  /** Starts from the stored roots of whole chunks; `replay` adds the leaves after them. */
  constructor(store: PoolStore) {
    this.#store = store
    for (const { root } of store.chunks()) this.#tree.appendSubtree(new Uint8Array(root), CHUNK_LEVEL)
  }

  get size(): number {
    return this.#tree.size
  }

  get root(): Uint8Array {
    return this.#tree.root()
  }

  /** Stores the root of each chunk that these entries complete; `seq` is the chunk's last event. */
  append({ kind, numbers, tag, at }: LogEntries, seq: number): void {
    for (const number of numbers) {
      const chunkRoot = this.#tree.append(saleLeafHash(kind, number, tag, at))
      if (chunkRoot !== undefined) this.#store.insertChunk(this.size / CHUNK_LEAVES - 1, chunkRoot, seq)
    }
  }

  /** Adds a stored event whose first leaf is at `index`. Leaves in whole chunks are skipped: their roots are stored. */
  replay({ kind, numbers, tag, at }: LogEntries, index: number): void {
    for (let offset = Math.max(0, this.size - index); offset < numbers.length; offset++) {
      this.#tree.append(saleLeafHash(kind, numbers[offset]!, tag, at))
    }
  }
}
