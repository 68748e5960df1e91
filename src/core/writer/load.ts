/**
 * Whether a write shares a transaction or goes to D1 directly, which saves a hop if there is nobody to share with. An
 * isolate sees only its own writes, and the pools of a busy evening run in many isolates. So a few of its lone writes go
 * through the writer, which reports whether it is busy.
 */

/** One of so many lone writes goes through the writer. */
const SAMPLE = 16
/** The writer is busy from so many calls a second on, which may be samples of many more. */
const BUSY_CALLS_A_SECOND = 20
/** For how long a report of a busy writer counts. */
const BUSY_MS = 2_000
/** A write that takes longer belongs to a request that was cancelled. */
const MAX_WRITE_MS = 30_000

/** What an isolate knows of the load. Times are in ms since 1970. */
export class Load {
  #underWay = 0
  #lastStart = 0
  #lone = 0
  #busyUntil = 0

  /** Whether a write that starts now should share a transaction. */
  isShared(now: number): boolean {
    if (this.#underWay > 0 || now < this.#busyUntil) return true
    return ++this.#lone % SAMPLE === 0
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

/** Counts the calls of a writer. */
export class CallRate {
  #second = 0
  #calls = 0
  #callsBefore = 0

  count(now: number): void {
    const second = Math.floor(now / 1_000)
    if (second !== this.#second) {
      this.#callsBefore = second === this.#second + 1 ? this.#calls : 0
      this.#calls = 0
      this.#second = second
    }
    this.#calls++
  }

  /** Whether the present or the last second has many calls. */
  get isBusy(): boolean {
    return Math.max(this.#calls, this.#callsBefore) >= BUSY_CALLS_A_SECOND
  }
}
