/**
 * Whether a write shares a transaction or goes to D1 directly, which saves a hop if there is nobody to share with. An
 * isolate sees only its own writes, and the pools of a busy evening run in many isolates. So a few of its lone writes go
 * through the writer, which reports whether it is busy.
 */

/** One of so many lone writes goes through the writer. */
const SAMPLE = 16
/** The writer is busy if so many samples arrived in the last seconds, */
const BUSY_SAMPLES = 20
/** or so many calls that shared a transaction, if they were a quarter of all. */
const BUSY_SHARED = 10
const BUSY_PART = 1 / 4
/** For how long a report of a busy writer counts. */
const BUSY_MS = 2_000
/** A write that takes longer belongs to a request that was cancelled. */
const MAX_WRITE_MS = 30_000

/** How a write goes: `sample` is a lone write that goes through the writer to hear whether it is busy. */
export type Way = 'direct' | 'sample' | 'shared'

/** What an isolate knows of the load. Times are in ms since 1970. */
export class Load {
  #underWay = 0
  #lastStart = 0
  #lone = 0
  #busyUntil = 0

  /** The way of a write that starts now. */
  wayOf(now: number): Way {
    if (this.#underWay > 0 || now < this.#busyUntil) return 'shared'
    return ++this.#lone % SAMPLE === 0 ? 'sample' : 'direct'
  }

  started(now: number): void {
    // A cancelled request never reports the end of its write.
    if (now - this.#lastStart > MAX_WRITE_MS) this.#underWay = 0
    this.#lastStart = now
    this.#underWay++
  }

  ended(): void {
    this.#underWay = Math.max(0, this.#underWay - 1)
  }

  writerIsBusy(now: number): void {
    this.#busyUntil = now + BUSY_MS
  }
}

interface Counts {
  calls: number
  samples: number
  shared: number
}

const NONE: Counts = { calls: 0, samples: 0, shared: 0 }

/**
 * Counts the calls of a writer in the present and the last second. Calls that are no samples count only if they shared a
 * transaction: otherwise one caller that writes again and again would seem busy to itself.
 */
export class WriterLoad {
  #second = 0
  #present = NONE
  #last = NONE

  count(now: number, call: { isSample: boolean; isShared: boolean }): void {
    const second = Math.floor(now / 1_000)
    if (second !== this.#second) {
      this.#last = second === this.#second + 1 ? this.#present : NONE
      this.#present = NONE
      this.#second = second
    }
    const { calls, samples, shared } = this.#present
    this.#present = {
      calls: calls + 1,
      samples: samples + (call.isSample ? 1 : 0),
      shared: shared + (call.isShared ? 1 : 0),
    }
  }

  get isBusy(): boolean {
    const sum = (name: keyof Counts) => this.#present[name] + this.#last[name]
    if (sum('samples') >= BUSY_SAMPLES) return true
    return sum('shared') >= BUSY_SHARED && sum('shared') >= sum('calls') * BUSY_PART
  }
}
