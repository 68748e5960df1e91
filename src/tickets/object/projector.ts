/**
 * Keeps D1 up to date with the pool. A change is projected at once, unless sales come so fast that they are gathered. A
 * failed batch is retried by alarm.
 */
import type { Logger } from '../../core/logging.ts'
import type { Pool } from '../pool/pool.ts'
import type { PoolStore } from '../pool/store.ts'
import { Crowd, PAUSE_MS, Pace } from './pace.ts'
import { EVENTS_A_BATCH, nextBatch, outlineOf, writeBatch } from './projection.ts'

/** A call waits at most this long for D1. */
const MAX_WAIT_MS = 1_000
/** A D1 call that takes longer counts as failed. It may still write its rows; the retry writes the same ones. */
const MAX_WRITE_MS = 30_000
const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 60_000
/** The alarm checks on a first try after this long; the try should take less. */
const FIRST_CHECK_MS = 5_000
/** The watermark is saved after this many changes, and by the alarm. */
const CHANGES_A_SAVE = 100

/**
 * Which changes may be gathered. `sale`: if the pool is busy. `hold`: always, because its payment or its end usually
 * follows soon. `none`: D1 gets the change before the call is answered.
 */
export type Gathering = 'sale' | 'hold' | 'none'

/** One for all pools of this isolate. */
const crowd = new Crowd()

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
  /** D1 has every change up to this `seq`; and the value of it that is saved. */
  #watermark: number
  #saved: number
  /** The outline that D1 has of the pool; null: unknown. */
  #outline: string | null = null
  #failures = 0
  #running: Promise<void> | undefined
  /** The running batches go on until D1 has this `seq`. */
  #goal = 0
  #waiters: Waiter[] = []
  readonly #pace = new Pace()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(ports: ProjectorPorts) {
    this.#ports = ports
    this.#saved = ports.store.ready ? ports.store.projectedSeq() : 0
    this.#watermark = this.#saved
  }

  /** The latest change; 0: none. */
  get #seq(): number {
    return this.#ports.pool()?.seq ?? 0
  }

  get isBehind(): boolean {
    return !this.has(this.#seq)
  }

  /** Whether D1 has every change up to `seq`. */
  has(seq: number): boolean {
    return seq <= this.#watermark
  }

  /** Whether answers are waiting for D1. */
  get isAwaited(): boolean {
    return this.#waiters.length > 0
  }

  /** When the alarm must run the projection (ms since 1970); null: D1 is up to date. */
  nextTry(now: number): number | null {
    if (!this.isBehind) return null
    if (this.#failures === 0) return now + FIRST_CHECK_MS
    return now + Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1))
  }

  /** Call this after each commit. Resolves once its calls may be answered. */
  async settled(gathering: Gathering): Promise<void> {
    if (gathering === 'hold' || (gathering === 'sale' && this.#isBusy())) this.#runSoon()
    else await this.caughtUp()
  }

  #isBusy(): boolean {
    const now = performance.now()
    return this.#pace.isBusyAfter(now) || crowd.isHere(now)
  }

  /** Projects now. Resolves once D1 has every change made so far, or a try failed, or a second has passed. */
  async caughtUp(): Promise<void> {
    const seq = this.#seq
    if (this.has(seq) || this.#failures > 0) return
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

  /** A full batch has nothing to wait for. After a failure the alarm decides when to try again. */
  #runSoon(): void {
    if (this.#failures > 0) return
    const isFull = this.#seq - this.#watermark >= EVENTS_A_BATCH
    if (isFull && this.#running === undefined) void this.run()
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.run()
    }, PAUSE_MS)
  }

  /** Projects until D1 has every change made so far, or a try fails. One run at a time; never throws. */
  run(): Promise<void> {
    this.#goal = this.#seq
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined
      // The goal may have moved after the last batch.
      if (this.#failures === 0 && !this.has(this.#goal)) void this.run()
    })
    return this.#running
  }

  /**
   * Saves the watermark. Within a commit it is saved only now and then, since it costs a row; at rest, always. After a
   * crash in between, D1 gets the same rows again, which changes nothing.
   */
  saveWatermark(atRest: boolean): void {
    const unsaved = this.#watermark - this.#saved
    if (unsaved <= 0 || (!atRest && unsaved < CHANGES_A_SAVE)) return
    this.#ports.store.setProjectedSeq(this.#watermark)
    this.#saved = this.#watermark
  }

  /** Reads the saved watermark again, which a rollback may have reset. */
  reopen(): void {
    this.#saved = this.#ports.store.ready ? this.#ports.store.projectedSeq() : 0
  }

  /** Assumes an empty D1, as after a restore to an earlier time. */
  async rewind(): Promise<void> {
    await this.#running
    this.#watermark = 0
    this.#outline = null
    this.#saved = 0
    this.#ports.store.setProjectedSeq(0)
  }

  async #drain(): Promise<void> {
    const { store, pool, database, log } = this.#ports
    for (;;) {
      const present = pool()
      if (present === undefined || this.has(this.#goal)) return
      try {
        const batch = nextBatch(present, store, this.#watermark)
        const isWritten = await inCrowd(() => withinTime(writeBatch(database(), batch, this.#outline)))
        this.#failures = 0
        this.#outline = isWritten ? outlineOf(batch.state) : null
        // D1 was restored to a time before it had this pool: write the batch again, with the whole state.
        if (!isWritten) continue
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
    const done = (waiter: Waiter) => this.#failures > 0 || this.has(waiter.seq)
    for (const waiter of this.#waiters.filter(done)) waiter.resolve()
    this.#waiters = this.#waiters.filter((waiter) => !done(waiter))
  }
}

async function inCrowd<Result>(write: () => Promise<Result>): Promise<Result> {
  const leave = crowd.enter(performance.now())
  try {
    return await write()
  } finally {
    leave()
  }
}

async function withinTime<Result>(work: Promise<Result>): Promise<Result> {
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
