/** Whether a pool sells so fast that it gathers its sales for D1, instead of writing each at once. */

/** So many writes in a row are made at once, */
const AT_ONCE = 10
/** and then one in so many ms. */
export const PAUSE_MS = 500
/** After a rush, a pool is quiet again within `(MAX_LEVEL - AT_ONCE) * PAUSE_MS`. */
const MAX_LEVEL = 2 * AT_ONCE

export class Pace {
  /** Rises by one with each sale, and falls by one in `PAUSE_MS`. */
  #level = 0
  #lastAt = 0

  /** Counts a sale, or a group of them that is committed together; `now` in ms. Returns whether the pool gathers. */
  isBusyAfter(now: number): boolean {
    const fallen = Math.max(0, now - this.#lastAt) / PAUSE_MS
    this.#level = Math.min(MAX_LEVEL, Math.max(0, this.#level - fallen) + 1)
    this.#lastAt = now
    return this.#level > AT_ONCE
  }
}
