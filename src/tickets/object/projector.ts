/** Keeps D1 up with the pool: starts at once, goes on after a failure when the alarm says so, and tells who waits. */
import type { Logger } from '../../core/logging.ts'
import type { Pool } from '../pool/pool.ts'
import type { PoolStore } from '../pool/store.ts'
import { nextBatch, outlineOf, writeBatch } from './projection.ts'

/** A purchase waits this long for D1 at most. */
const MAX_WAIT_MS = 1_000
/** A call of D1 that has not settled by then counts as failed; what it may still write, a repeat writes again. */
const MAX_WRITE_MS = 30_000
const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 60_000
/** When the alarm looks after rows whose first try is under way; later than that try should take. */
const LOOK_AFTER_MS = 5_000
/** The watermark is written down after so many changes, and by the alarm. */
const CHANGES_A_NOTE = 100

interface Waiter {
  seq: number
  resolve: () => void
}

export interface ProjectorPorts {
  store: PoolStore
  pool: () => Pool | undefined
  database: () => D1Database
  log: Logger
}

export class Projector {
  readonly #ports: ProjectorPorts
  /** What D1 has heard of, and how much of that is written down. */
  #watermark: number
  #noted: number
  /** What D1 has of the pool's state beside its counts; null: not known. */
  #outline: string | null = null
  #failures = 0
  #running: Promise<void> | undefined
  #waiters: Waiter[] = []

  constructor(ports: ProjectorPorts) {
    this.#ports = ports
    this.#noted = ports.store.ready ? ports.store.projectedSeq() : 0
    this.#watermark = this.#noted
  }

  get isBehind(): boolean {
    return (this.#ports.pool()?.seq ?? 0) > this.#watermark
  }

  /** Whether D1 is being told something right now. */
  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** When the alarm must look after the projection; null if D1 has heard of everything. */
  nextTry(now: number): number | null {
    if (!this.isBehind) return null
    if (this.#failures === 0) return now + LOOK_AFTER_MS
    return now + Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1))
  }

  /** Resolves once D1 knows all that is decided by now; after a second, or a failed try, it resolves all the same. */
  async settled(): Promise<void> {
    const seq = this.#ports.pool()?.seq ?? 0
    if (seq <= this.#watermark || this.#failures > 0) return
    void this.run()
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, MAX_WAIT_MS)
      const done = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#waiters.push({ seq, resolve: done })
    })
  }

  /** Projects until D1 has heard of everything or a try fails. One run at a time; it never throws. */
  run(): Promise<void> {
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /**
   * Writes the watermark down: within a commit, so that it costs no write of its own, and seldom, as it would be a row
   * for every entry that comes alone; at rest, always. A crash in between only tells D1 the same again.
   */
  note(atRest: boolean): void {
    const fresh = this.#watermark - this.#noted
    if (fresh <= 0 || (!atRest && fresh < CHANGES_A_NOTE)) return
    this.#ports.store.setProjectedSeq(this.#watermark)
    this.#noted = this.#watermark
  }

  /** Looks again what is written down: a rolled back transaction may have taken a note away. */
  reopen(): void {
    this.#noted = this.#ports.store.ready ? this.#ports.store.projectedSeq() : 0
  }

  /** Takes D1 to have heard of nothing, as after it was restored to an earlier time. */
  async rewind(): Promise<void> {
    await this.#running
    this.#watermark = 0
    this.#outline = null
    this.#noted = 0
    this.#ports.store.setProjectedSeq(0)
  }

  async #drain(): Promise<void> {
    const { store, pool, database, log } = this.#ports
    for (;;) {
      const present = pool()
      if (present === undefined || present.seq <= this.#watermark) return
      try {
        const batch = nextBatch(present, store, this.#watermark)
        const there = await inTime(writeBatch(database(), batch, this.#outline))
        this.#failures = 0
        this.#outline = there ? outlineOf(batch.state) : null
        // D1 was restored to a time before it had this pool: once more, and all of it.
        if (!there) continue
        this.#watermark = batch.upTo
        store.forget(this.#watermark)
      } catch (error) {
        this.#failures++
        this.#outline = null
        log.warn('projection failed', { pool: present.name, failures: this.#failures, reason: String(error) })
      }
      this.#wake()
      if (this.#failures > 0) return
    }
  }

  #wake(): void {
    const done = (waiter: Waiter) => this.#failures > 0 || waiter.seq <= this.#watermark
    for (const waiter of this.#waiters.filter(done)) waiter.resolve()
    this.#waiters = this.#waiters.filter((waiter) => !done(waiter))
  }
}

async function inTime<Result>(work: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer after ${MAX_WRITE_MS} ms`)), MAX_WRITE_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
