/**
 * The Durable Object that assigns the numbers of one raffle or ticket type; nothing else does. It decides calls one at
 * a time, commits a batch in one transaction, and only then answers. A projection copies its state to D1. Its one alarm
 * expires holds, freezes a raffle at its time, and retries the projection.
 */
import { DurableObject } from 'cloudflare:workers'
import type { Bindings, Ctx } from '../../core/context.ts'
import { Logger } from '../../core/logging.ts'
import { signingKeyFromSeed } from '../../core/native-crypto.ts'
import { SettingsSchema } from '../../core/settings.ts'
import { databaseOf } from '../../core/writer/writing-database.ts'
import type { SigningKey } from '../../rdp1/signatures.ts'
import { configure } from '../pool/configure.ts'
import { cancelPool, type Drawn, drawAttempt, freeze, recompute, requestRedraw } from '../pool/draw.ts'
import { holderSlice, issuedTickets, listSlice, logSlice, reservationSlice } from '../pool/files.ts'
import { Pool } from '../pool/pool.ts'
import { poolState } from '../pool/pool-state.ts'
import { NOT_CONFIGURED, TOO_LATE } from '../pool/refusals.ts'
import { PoolStore } from '../pool/store.ts'
import { listOf } from '../pool/ticket-list.ts'
import type {
  Attempt,
  Cancellation,
  CancelledBy,
  ChangeOutcome,
  ConfirmOutcome,
  FileSlice,
  IssuedTickets,
  Outcome,
  PoolState,
  Projected,
  RedrawRequest,
  Reservation,
  ReserveOutcome,
  ReserveRequest,
} from '../pool-contract.ts'
import type { Terms } from '../terms.ts'
import { Alarm } from './alarm.ts'
import { GroupCommit } from './group-commit.ts'
import { type Gathering, Projector } from './projector.ts'
import { SECURE_RANDOM } from './secure-random.ts'
import { Settling } from './settling.ts'

const PAUSE_AFTER_FAILURE_MS = 10_000

/** Work of higher layers at moments of a pool's life; `index.ts` supplies it. */
export interface PoolHooks {
  /** Called just before the freeze: finishes what happened before it and changes the list. */
  beforeFreeze(ctx: Ctx, itemId: string): Promise<unknown>
}

export abstract class PoolObject extends DurableObject<Bindings> {
  protected abstract readonly hooks: PoolHooks

  /** The projection's target; a field, so that a test can replace it by a failing database. */
  database: D1Database
  readonly #store: PoolStore
  readonly #projector: Projector
  readonly #log: Logger
  readonly #key: SigningKey
  #pool: Pool | undefined
  readonly #commits: GroupCommit
  readonly #settling: Settling
  readonly #alarm: Alarm

  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env)
    const settings = SettingsSchema.parse(env)
    this.database = databaseOf(env, settings)
    this.#log = new Logger(settings.LOG_LEVEL)
    this.#key = signingKeyFromSeed(settings.SIGNING_KEY)
    this.#store = new PoolStore(ctx.storage.sql)
    this.#load()
    this.#projector = new Projector({
      store: this.#store,
      pool: () => this.#pool,
      database: () => this.database,
      log: this.#log,
    })
    this.#commits = new GroupCommit({
      storage: ctx.storage,
      name: ctx.id.name,
      log: this.#log,
      before: (now) => this.#pool?.expireHolds(now),
      after: (now) => {
        this.#projector.saveWatermark(false)
        this.#arm(now)
      },
      reload: () => {
        this.#store.reopen()
        this.#projector.reopen()
        this.#load()
        this.#alarm.forget()
      },
      settled: (gathering) => this.#projector.settled(gathering),
      isBusy: () => this.#projector.isAwaited,
    })
    this.#settling = new Settling({
      env,
      log: this.#log,
      projected: () => this.#projector.caughtUp(),
      settle: (context, itemId) => this.hooks.beforeFreeze(context, itemId),
    })
    this.#alarm = new Alarm(ctx.storage)
    ctx.blockConcurrencyWhile(() => this.#alarm.load())
  }

  // ——— Terms ———

  /**
   * Sets the first terms (version 1) or changes them (the next version), as far as held and sold tickets allow it.
   * Refuses after `until` (ms since 1970): by then the caller has given up.
   */
  async configure(
    itemId: string,
    version: number,
    terms: Terms,
    until = Number.POSITIVE_INFINITY,
  ): Promise<Outcome<{ version: number }>> {
    return this.#commits.decide((now) => {
      if (now > until) return TOO_LATE
      const outcome = configure(this.#store, {
        name: this.ctx.id.name!,
        itemId,
        version,
        terms,
        pool: this.#pool,
        now,
      })
      if (outcome.ok) this.#load()
      return outcome
    }, 'none')
  }

  // ——— Tickets ———

  async reserve(request: ReserveRequest): Promise<Projected<ReserveOutcome>> {
    const gathering = request.payment === null ? 'sale' : 'hold'
    return this.#sell(gathering, (pool, now) => pool.reserve(request, now))
  }

  async confirm(seq: number, id: string): Promise<Projected<ConfirmOutcome>> {
    return this.#sell('sale', (pool, now) => pool.confirm(seq, id, now, this.#settling.isRunning))
  }

  async release(seq: number, id: string, isUnpaid = false): Promise<ChangeOutcome> {
    return this.#decideConfigured((pool, now) => pool.release(seq, id, isUnpaid, now))
  }

  async void(seq: number, id: string, numbers: number[] | null): Promise<ChangeOutcome> {
    return this.#decideConfigured((pool, now) => pool.void(seq, id, numbers, now, this.#settling.isRunning))
  }

  async reservation(seq: number, id: string): Promise<{ itemId: string; reservation: Reservation } | null> {
    const reservation = this.#pool?.find(seq, id)?.reservation
    return reservation === undefined ? null : { itemId: this.#pool!.itemId, reservation }
  }

  async issued(seq: number, id: string): Promise<Outcome<{ issued: IssuedTickets }>> {
    return this.#pool === undefined ? NOT_CONFIGURED : issuedTickets(this.#pool, this.#store, seq, id)
  }

  /** Free numbers from `from` on, ascending. */
  async freeNumbers(from: number, limit: number): Promise<number[]> {
    return this.#pool?.freeNumbers(from, limit) ?? []
  }

  // ——— The sale's life ———

  async state(): Promise<PoolState | null> {
    return this.#pool === undefined ? null : poolState(this.#pool)
  }

  /** Refuses after `until` (ms since 1970), as `cancel` does: by then the caller has given up. */
  async close(until = Number.POSITIVE_INFINITY): Promise<Outcome<{ closedAt: number }>> {
    return this.#decideConfigured((pool, now) => (now > until ? TOO_LATE : pool.close(now)))
  }

  async cancel(
    by: CancelledBy,
    reason: string,
    until = Number.POSITIVE_INFINITY,
  ): Promise<Outcome<{ cancellation: Cancellation }>> {
    return this.#decideConfigured((pool, now) =>
      now > until ? TOO_LATE : cancelPool(pool, this.#key, { by, reason, now }),
    )
  }

  /** Does what is due, as the alarm does: the sweep calls it in case the alarm did not ring. */
  async advance(): Promise<PoolState | null> {
    await this.#settling.run(this.#pool)
    await this.#decideConfigured((pool, now) => {
      freeze(pool, this.#store, this.#key, now)
      return { ok: true as const }
    })
    await this.#projector.run()
    return this.state()
  }

  // ——— The draw ———

  async draw(attempt: number, signature: string): Promise<Outcome<Drawn>> {
    // Evaluated for a draw only: few isolates make one, and its curves take a large part of a start.
    const { verifyBeacon } = await import('../../rdp1/beacon.ts')
    return this.#decideConfigured((pool, now) =>
      drawAttempt(pool, this.#store, listOf(pool, this.#store), { attempt, signature, now, verifyBeacon }),
    )
  }

  async redraw(request: RedrawRequest): Promise<Outcome<{ attempt: Attempt }>> {
    return this.#decideConfigured((pool, now) =>
      requestRedraw(pool, listOf(pool, this.#store), this.#key, request, now),
    )
  }

  /** The redraw that the request with this key created; null: none. Tells a repeat from a new request. */
  async redrawByKey(key: string): Promise<Attempt | null> {
    return this.#pool?.record.attemptByKey(key) ?? null
  }

  async recompute(): Promise<{ commitment: string; attempts: Attempt[] } | null> {
    return this.#pool?.record.commitment == null
      ? null
      : recompute(this.#pool, listOf(this.#pool, this.#store))
  }

  /** A slice of the list from index `start`; null before the commitment. */
  async listSlice(start: number): Promise<FileSlice | null> {
    return this.#pool?.record.commitment == null ? null : listSlice(listOf(this.#pool, this.#store), start)
  }

  /** A slice of the log after the event with `seq`; null before the commitment. */
  async logSlice(seq: number): Promise<FileSlice | null> {
    return this.#pool?.record.commitment == null ? null : logSlice(this.#store, seq)
  }

  /** Holders of sold tickets, from the reservation after `seq` on; null before the pool is configured. */
  async holderSlice(seq: number) {
    return this.#pool === undefined ? null : holderSlice(this.#pool, this.#store, seq)
  }

  /** Reservations in every state, after the one at `seq`; null before the pool is configured. */
  async reservationSlice(seq: number, most: number) {
    return this.#pool === undefined ? null : reservationSlice(this.#pool, this.#store, seq, most)
  }

  // ——— Upkeep ———

  /** Writes to D1 what is gathered. Resolves once D1 has it, or after a second, or if D1 fails. */
  async catchUp(): Promise<void> {
    await this.#projector.caughtUp()
  }

  /** Projects every row again, for a D1 that was restored from a backup. */
  async rebuild(): Promise<void> {
    if (this.#pool === undefined) return
    await this.#projector.rewind()
    // If the rebuild is interrupted, the alarm resumes it.
    this.#arm(Date.now())
    await this.#projector.run()
  }

  /** Never throws: the platform retries a failing alarm a few times and then drops it, and holds would never expire. */
  override async alarm(): Promise<void> {
    this.#alarm.forget()
    let earliest = 0
    try {
      await this.advance()
      this.#projector.saveWatermark(true)
    } catch (error) {
      this.#log.error('alarm failed', { pool: this.ctx.id.name, error })
      // The failed work is still due: without a pause the alarm would ring again at once, for ever.
      earliest = Date.now() + PAUSE_AFTER_FAILURE_MS
    }
    this.#arm(Date.now(), earliest)
  }

  #decideConfigured<Answer>(
    decide: (pool: Pool, now: number) => Answer,
    gathering: Gathering = 'none',
  ): Promise<Answer | typeof NOT_CONFIGURED> {
    if (this.#pool === undefined) return Promise.resolve(NOT_CONFIGURED)
    // Read the pool when the call is decided: a failed commit before it replaces `#pool`.
    return this.#commits.decide((now) => decide(this.#pool!, now), gathering)
  }

  async #sell<Made extends Outcome<object>>(
    gathering: Gathering,
    decide: (pool: Pool, now: number) => Made,
  ): Promise<Projected<Made>> {
    const outcome = await this.#decideConfigured(decide, gathering)
    return (outcome.ok ? { ...outcome, isProjected: !this.#projector.isBehind } : outcome) as Projected<Made>
  }

  #load(): void {
    const row = this.#store.ready ? this.#store.pool() : undefined
    this.#pool = row === undefined ? undefined : new Pool(this.#store, row, SECURE_RANDOM)
  }

  /** Sets the alarm for the earliest due time. */
  #arm(now: number, earliest = 0): void {
    const due = [this.#pool?.nextDue(), this.#projector.nextTry(now)].filter((each) => each != null)
    if (due.length === 0) return
    this.#alarm.ringBy(Math.max(earliest, Math.min(...due)), now)
  }
}
