/**
 * Brings calls together that come at much the same time, since a commit and its projection cost much the same however
 * many calls they carry. Without load a call waits for nothing but its turn. Under load, where callers come back as
 * soon as they are answered, it waits until as many are here as were under way lately, or until no more arrive.
 */

/** Calls handed over at a time at most. */
const MAX_GATHERED = 500
/** How often it is looked whether more have arrived, and how many times at most. */
const TURN_MS = 3
const MAX_TURNS = 10
/** How fast a load that was is forgotten. A moment's silence is no end of it. */
const DECAY = 0.9

export class CallBatcher<Item> {
  readonly #handOver: (items: Item[]) => void
  /** Whether answers have to wait anyway. */
  readonly #isBusy: () => boolean
  #waiting: Item[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Items that have no answer yet, waiting or handed over; and the most there were since some were handed over. */
  #open = 0
  #peak = 0
  /** How many are likely to be under way at a time. */
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
    if (isLoaded && this.#waiting.length >= this.#expected) this.#hand()
    else this.#timer ??= isLoaded ? this.#turn(MAX_TURNS) : this.#soon()
  }

  /** So many of what was handed over have their answer. */
  answered(count: number): void {
    this.#open -= count
  }

  /** A timer, as what the runtime delivers in one turn is then taken together, which a microtask would not do. */
  #soon(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#hand(), 0)
  }

  #turn(left: number): ReturnType<typeof setTimeout> {
    const before = this.#waiting.length
    return setTimeout(() => {
      const isQuiet = this.#waiting.length === before && !this.#isBusy()
      if (isQuiet || left === 1) this.#hand()
      else this.#timer = this.#turn(left - 1)
    }, TURN_MS)
  }

  #hand(): void {
    clearTimeout(this.#timer)
    const items = this.#waiting.splice(0, MAX_GATHERED)
    this.#timer = this.#waiting.length > 0 ? this.#soon() : undefined
    this.#expected = Math.min(MAX_GATHERED, Math.max(this.#peak, Math.floor(this.#expected * DECAY)))
    this.#peak = 0
    this.#handOver(items)
  }
}
