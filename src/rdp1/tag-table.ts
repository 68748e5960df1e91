// A set of 32-byte tags: open addressing over a flat buffer, with four bytes for each slot and no objects.

import { concatAll, HASH_BYTES } from './encoding.ts'

export class TagTable {
  #size = 0
  readonly #tags: Uint8Array
  /** An index into `tags` plus one; 0: free. At most half of the slots are taken, so a probe always ends. */
  readonly #slots: Uint32Array
  readonly #mask: number

  constructor(tags: Uint8Array, capacity: number) {
    let slots = 4
    while (slots < capacity * 2) slots *= 2
    this.#tags = tags
    this.#slots = new Uint32Array(slots)
    this.#mask = slots - 1
  }

  static of(tags: readonly Uint8Array[]): TagTable {
    const table = new TagTable(concatAll(tags), tags.length)
    tags.forEach((_, index) => void table.add(index))
    return table
  }

  /** The count of different tags. */
  get size(): number {
    return this.#size
  }

  /** Adds the tag at `index` of the table's own buffer, unless the table has it. */
  add(index: number): void {
    const slot = this.#slotOf(this.#tags, index * HASH_BYTES)
    if (this.#slots[slot] !== 0) return
    this.#slots[slot] = index + 1
    this.#size++
  }

  /** The index under which a tag was first added, or -1. */
  find(buffer: Uint8Array, offset: number): number {
    return (this.#slots[this.#slotOf(buffer, offset)] as number) - 1
  }

  /** The slot that holds the tag, or the free slot for it. Tags are hashes, so any four bytes spread well. */
  #slotOf(buffer: Uint8Array, offset: number): number {
    let slot =
      ((((buffer[offset] as number) << 24) |
        ((buffer[offset + 1] as number) << 16) |
        ((buffer[offset + 2] as number) << 8) |
        (buffer[offset + 3] as number)) >>>
        0) &
      this.#mask
    for (;;) {
      const entry = this.#slots[slot] as number
      if (entry === 0 || this.#same((entry - 1) * HASH_BYTES, buffer, offset)) return slot
      slot = (slot + 1) & this.#mask
    }
  }

  #same(at: number, buffer: Uint8Array, offset: number): boolean {
    const tags = this.#tags
    for (let i = 0, n = HASH_BYTES; i < n; i++) {
      if (tags[at + i] !== buffer[offset + i]) return false
    }
    return true
  }
}
