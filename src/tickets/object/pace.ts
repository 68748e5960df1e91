/** Whether sales come so fast that a pool gathers them for D1, instead of writing each at once. Times are in ms. */

/** So many writes in a row are made at once, */
const AT_ONCE = 10
/** and then one in so many ms. */
export const PAUSE_MS = 500
/** So a pool is quiet again some seconds after a rush, however long that was. */
const MAX_LEVEL = 2 * AT_ONCE

/** What one pool knows of its own sales. */
export class Pace {
  /** Rises by one with each sale, and falls by one in `PAUSE_MS`. */
  #level = 0
  #lastAt = 0

  /** Counts a sale, or a group of them that is committed together. Returns whether the pool sells fast. */
  isBusyAfter(now: number): boolean {
    const fallen = Math.max(0, now - this.#lastAt) / PAUSE_MS
    this.#level = Math.min(MAX_LEVEL, Math.max(0, this.#level - fallen) + 1)
    this.#lastAt = now
    return this.#level > AT_ONCE
  }
}

/** If so many pools of an isolate write to D1 at the same time, they are a crowd, */
const CROWD = 4
/** and count as one for so long. */
const CROWD_MS = 2_000
/** An object that died never reports the end of its write. */
const MAX_WRITE_MS = 30_000

/** What an isolate knows of its pools: many that sell slowly keep D1 as busy as one that sells fast. */
export class Crowd {
  /** The writes under way and when they started, the oldest first. */
  readonly #writes = new Map<object, number>()
  #seenAt = Number.NEGATIVE_INFINITY

  /** Counts a write from now on, until the returned function is called. */
  enter(now: number): () => void {
    const write = {}
    for (const [oldest, startedAt] of this.#writes) {
      if (now - startedAt < MAX_WRITE_MS) break
      this.#writes.delete(oldest)
    }
    this.#writes.set(write, now)
    if (this.#writes.size >= CROWD) this.#seenAt = now
    return () => void this.#writes.delete(write)
  }

  isHere(now: number): boolean {
    return now - this.#seenAt < CROWD_MS
  }
}
