/**
 * What keeps a pool alive inside its object: it loads the pool from the storage, commits its decisions in batches,
 * projects them to D1, and rings its one alarm.
 */
import type { Bindings, Ctx } from '../../core/context.ts'
import { Logger } from '../../core/logging.ts'
import { signingKeyFromSeed } from '../../core/native-crypto.ts'
import type { Settings } from '../../core/settings.ts'
import { SECOND_MS } from '../../core/time.ts'
import type { SigningKey } from '../../rdp1/signatures.ts'
import { freeze } from '../pool/draw.ts'
import { Pool } from '../pool/pool.ts'
import { NOT_CONFIGURED } from '../pool/refusals.ts'
import { PoolStore } from '../pool/store.ts'
import type { Outcome, Projected, Seats } from '../pool-contract.ts'
import { Alarm } from './alarm.ts'
import { GroupCommit } from './group-commit.ts'
import { type Gathering, Projector } from './projector.ts'
import { SeatsToFree } from './seats-to-free.ts'
import { SECURE_RANDOM } from './secure-random.ts'
import { Settling } from './settling.ts'

const PAUSE_AFTER_FAILURE_MS = 10_000

export interface RuntimePorts {
  ctx: DurableObjectState
  env: Bindings
  settings: Settings
  /** The projection's target. */
  database: () => D1Database
  beforeFreeze: (ctx: Ctx, itemId: string) => Promise<unknown>
  freeSeats: (ctx: Ctx, seats: Seats) => Promise<unknown>
}

export class PoolRuntime {
  readonly store: PoolStore
  readonly projector: Projector
  readonly key: SigningKey
  readonly #name: string | undefined
  readonly #log: Logger
  readonly #commits: GroupCommit
  readonly #settling: Settling
  readonly #alarm: Alarm
  readonly #seatsToFree: SeatsToFree
  readonly #offerMs: number
  #pool: Pool | undefined

  constructor({ ctx, env, settings, database, beforeFreeze, freeSeats }: RuntimePorts) {
    this.#name = ctx.id.name
    this.#offerMs = settings.OFFER_SECONDS * SECOND_MS
    this.#log = new Logger(settings.LOG_LEVEL)
    this.key = signingKeyFromSeed(settings.SIGNING_KEY)
    this.store = new PoolStore(ctx.storage.sql)
    this.load()
    this.projector = new Projector({ store: this.store, pool: () => this.#pool, database, log: this.#log })
    this.#commits = new GroupCommit({
      storage: ctx.storage,
      name: this.#name,
      log: this.#log,
      before: (now) => this.#pool?.expireHolds(now),
      after: (now) => {
        this.#pool?.offers.offerFree(now)
        this.projector.saveWatermark(false)
        this.#arm(now)
      },
      reload: () => {
        this.store.reopen()
        this.projector.reopen()
        this.load()
        this.#alarm.forget()
      },
      settled: (gathering) => this.projector.settled(gathering),
      isBusy: () => this.projector.isAwaited,
    })
    this.#settling = new Settling({
      env,
      log: this.#log,
      projected: () => this.projector.caughtUp(),
      settle: beforeFreeze,
    })
    this.#seatsToFree = new SeatsToFree({
      env,
      log: this.#log,
      store: this.store,
      free: freeSeats,
      write: (work) => this.#commits.decide(work, 'none'),
    })
    this.#alarm = new Alarm(ctx.storage)
    ctx.blockConcurrencyWhile(() => this.#alarm.load())
  }

  /** Undefined until it is configured. */
  get pool(): Pool | undefined {
    return this.#pool
  }

  /** Whether the freeze is waiting for answers now. */
  get isSettling(): boolean {
    return this.#settling.isRunning
  }

  /** Loads the pool from the storage: at the start, after new terms, and after a rollback. */
  load(): void {
    const row = this.store.ready ? this.store.pool() : undefined
    this.#pool = row === undefined ? undefined : new Pool(this.store, row, SECURE_RANDOM, this.#offerMs)
  }

  /** Queues a decision, even if the pool is not configured. */
  decide<Answer>(decide: (now: number) => Answer): Promise<Answer> {
    return this.#commits.decide(decide, 'none')
  }

  decideConfigured<Answer>(
    decide: (pool: Pool, now: number) => Answer,
    gathering: Gathering = 'none',
  ): Promise<Answer | typeof NOT_CONFIGURED> {
    if (this.#pool === undefined) return Promise.resolve(NOT_CONFIGURED)
    // Read the pool when the call is decided: a failed commit before it replaces `#pool`.
    return this.#commits.decide((now) => decide(this.#pool!, now), gathering)
  }

  async sell<Made extends Outcome<object>>(
    gathering: Gathering,
    decide: (pool: Pool, now: number) => Made,
  ): Promise<Projected<Made>> {
    const outcome = await this.decideConfigured(decide, gathering)
    return (outcome.ok ? { ...outcome, isProjected: !this.projector.isBehind } : outcome) as Projected<Made>
  }

  /** Does what is due. */
  async advance(): Promise<void> {
    await this.#settling.run(this.#pool)
    await this.#seatsToFree.run(this.#pool)
    await this.decideConfigured((pool, now) => {
      freeze(pool, this.store, this.key, now)
      return { ok: true as const }
    })
    await this.projector.run()
  }

  /** Projects every row again. */
  async rebuild(): Promise<void> {
    if (this.#pool === undefined) return
    await this.projector.rewind()
    // If the rebuild is interrupted, the alarm resumes it.
    this.#arm(Date.now())
    await this.projector.run()
  }

  /** Never throws: the platform retries a failing alarm a few times and then drops it, and holds would never expire. */
  async ring(): Promise<void> {
    this.#alarm.forget()
    let earliest = 0
    try {
      await this.advance()
      this.projector.saveWatermark(true)
    } catch (error) {
      this.#log.error('alarm failed', { pool: this.#name, error })
      // The failed work is still due: without a pause the alarm would ring again at once, for ever.
      earliest = Date.now() + PAUSE_AFTER_FAILURE_MS
    }
    this.#arm(Date.now(), earliest)
  }

  /** Sets the alarm for the earliest due time. */
  #arm(now: number, earliest = 0): void {
    const due = [this.#pool?.nextDue(now), this.projector.nextTry(now)].filter((each) => each != null)
    if (due.length === 0) return
    this.#alarm.ringBy(Math.max(earliest, Math.min(...due)), now)
  }
}
