/**
 * Batches calls that arrive at almost the same time: a commit and its projection cost about the same for one call as
 * for many. Without load, a call waits only for the next turn of the event loop. Under load, a batch waits until it has
 * as many calls as were recently open, or until no more arrive.
 */

const MAX_BATCH = 500
/** Under load: the pause between two checks for new calls, and the most checks. */
const CHECK_MS = 3
const MAX_CHECKS = 10
/** The expected load falls slowly, since a short silence does not mean that the load is over. */
const DECAY = 0.9

export class CallBatcher<Item> {
  readonly #handOver: (items: Item[]) => void
  /** While true, an answer would wait anyway, so the batch may as well wait for more calls. */
  readonly #isBusy: () => boolean
  #waiting: Item[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Calls without an answer, waiting or handed over; and their peak since the last batch was handed over. */
  #open = 0
  #peak = 0
  /** An estimate of how many calls are open at a time. */
  #expected = 1

  constructor(handOver: (items: Item[]) => void, isBusy: () => boolean) {
    this.#handOver = handOver
    this.#isBusy = isBusy
  }

  add(item: Item): void {
    this.#waiting.push(item)
    this.#open++
    this.#peak = Math.max(this.#peak, this.#open)
    const isLoaded = this.#expected > 1
    if (isLoaded && this.#waiting.length >= this.#expected) this.#flush()
    else this.#timer ??= isLoaded ? this.#flushWhenQuiet(MAX_CHECKS) : this.#flushSoon()
  }

  /** Reports that `count` calls of the batches handed over have been answered. */
  answered(count: number): void {
    this.#open -= count
  }

  /** A timer and not a microtask: it collects every call that the runtime delivers in this turn. */
  #flushSoon(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#flush(), 0)
  }

  #flushWhenQuiet(checksLeft: number): ReturnType<typeof setTimeout> {
    const before = this.#waiting.length
    return setTimeout(() => {
      const isQuiet = this.#waiting.length === before && !this.#isBusy()
      if (isQuiet || checksLeft === 1) this.#flush()
      else this.#timer = this.#flushWhenQuiet(checksLeft - 1)
    }, CHECK_MS)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    const items = this.#waiting.splice(0, MAX_BATCH)
    this.#timer = this.#waiting.length > 0 ? this.#flushSoon() : undefined
    this.#expected = Math.min(MAX_BATCH, Math.max(this.#peak, Math.floor(this.#expected * DECAY)))
    this.#peak = 0
    this.#handOver(items)
  }
}
