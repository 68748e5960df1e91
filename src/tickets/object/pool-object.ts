/**
 * The Durable Object of one item's tickets, a raffle's or a ticket type's: the only place where numbers are given out.
 * It queues what is asked, decides it one by one, commits a batch in one transaction, and only then answers. It tells D1
 * by projection. Its one alarm ends holds, freezes a raffle at the appointed time, and looks after the projection.
 */
import { DurableObject } from 'cloudflare:workers'
import { type Bindings, type Ctx, createContext } from '../../core/context.ts'
import { newId } from '../../core/ids.ts'
import { Logger } from '../../core/logging.ts'
import { signingKeyFromSeed } from '../../core/native-crypto.ts'
import { SettingsSchema } from '../../core/settings.ts'
import { endsWithin } from '../../core/time-limit.ts'
import type { TicketList } from '../../rdp1/list.ts'
import type { SigningKey } from '../../rdp1/signatures.ts'
import { LEAST_SETTLING_MS, SPARE_MS } from '../pool/clock.ts'
import { configure } from '../pool/configure.ts'
import { cancelPool, type Drawn, drawAttempt, freeze, recompute, requestRedraw } from '../pool/draw.ts'
import { holderSlice, issuedTickets, listSlice, logSlice } from '../pool/files.ts'
import type { Randomness } from '../pool/inventory.ts'
import { Pool } from '../pool/pool.ts'
import { poolState } from '../pool/pool-state.ts'
import { createRandomBelow } from '../pool/random-below.ts'
import { NOT_CONFIGURED, TOO_LATE } from '../pool/refusals.ts'
import { PoolStore } from '../pool/store.ts'
import { buildList } from '../pool/ticket-list.ts'
import type {
  Attempt,
  Cancellation,
  CancelledBy,
  ChangeOutcome,
  ConfirmOutcome,
  FileSlice,
  HolderSlice,
  IssuedTickets,
  Outcome,
  PoolState,
  RedrawRequest,
  Reservation,
  ReserveOutcome,
  ReserveRequest,
} from '../pool-contract.ts'
import type { Terms } from '../terms.ts'
import { CallBatcher } from './call-batcher.ts'
import { Projector } from './projector.ts'

/** Until the alarm tries again what it could not do. */
const PAUSE_AFTER_FAILURE_MS = 10_000

/** A busy object hears its alarm late, but not as late as this. */
const ALARM_LATE_MS = 10_000

interface Call {
  decide: (now: number) => unknown
  resolve: (answer: unknown) => void
  reject: (error: unknown) => void
}

/** The longest that a freeze waits for providers' answers, where the draw leaves the room. */
const MOST_SETTLING_MS = 10_000

const SECURE: Randomness = {
  below: createRandomBelow((words) => crypto.getRandomValues(words)),
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
}

/** What others do at moments of a pool's life. The pool knows none of them; `index.ts` names them. */
export interface PoolHooks {
  /** Called before the list is fixed: settles or ends every order that may still bring money for the item. */
  beforeFreeze(ctx: Ctx, itemId: string): Promise<unknown>
}

export abstract class PoolObject extends DurableObject<Bindings> {
  protected abstract readonly hooks: PoolHooks

  /** Where the projection goes; a field, so that a test can put a failing database in its place. */
  database: D1Database
  readonly #store: PoolStore
  readonly #projector: Projector
  readonly #log: Logger
  readonly #key: SigningKey
  #pool: Pool | undefined
  /** The committed list: fixed, so kept once built. */
  #list: TicketList | undefined
  readonly #calls: CallBatcher<Call>
  /** While the freeze waits for what providers say of payments. */
  #settling: Promise<void> | undefined
  /** When the alarm is set to ring; it is set anew only to ring sooner. */
  #armedFor: number | null = null

  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env)
    const settings = SettingsSchema.parse(env)
    this.database = env.DB
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
    this.#calls = new CallBatcher(
      (calls) => this.#commitAll(calls),
      () => this.#projector.isRunning,
    )
    ctx.blockConcurrencyWhile(async () => {
      this.#armedFor = await ctx.storage.getAlarm()
    })
  }

  // ——— Terms ———

  /**
   * Hands over the terms: version 1 first, the next one for a change, as far as what is held or sold allows it. After
   * `until` nothing is taken: whoever asked has been given up by then.
   */
  async configure(
    itemId: string,
    version: number,
    terms: Terms,
    until = Number.POSITIVE_INFINITY,
  ): Promise<Outcome<{ version: number }>> {
    return this.#decide((now) => {
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
    })
  }

  // ——— Tickets ———

  async reserve(request: ReserveRequest): Promise<ReserveOutcome> {
    return this.#decideConfigured((pool, now) => pool.reserve(request, now))
  }

  async confirm(seq: number, id: string): Promise<ConfirmOutcome> {
    return this.#decideConfigured((pool, now) => pool.confirm(seq, id, now, this.#settling !== undefined))
  }

  async release(seq: number, id: string): Promise<ChangeOutcome> {
    return this.#decideConfigured((pool, now) => pool.release(seq, id, now))
  }

  async void(seq: number, id: string, numbers: number[] | null): Promise<ChangeOutcome> {
    return this.#decideConfigured((pool, now) => pool.void(seq, id, numbers, now))
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

  /** Not after `until`, nor is it cancelled then: whoever asked has been given up by then. */
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

  /** Does whatever is due by now, as the alarm would have: the sweep's backstop. */
  async advance(): Promise<PoolState | null> {
    await this.#settleOrders()
    await this.#decideConfigured((pool, now) => {
      freeze(pool, this.#store, this.#key, now)
      return { ok: true as const }
    })
    await this.#projector.run()
    return this.state()
  }

  // ——— The draw ———

  async draw(attempt: number, signature: string): Promise<Outcome<Drawn>> {
    return this.#decideConfigured((pool, now) =>
      drawAttempt(pool, this.#store, this.#committedList(pool), { attempt, signature, now }),
    )
  }

  async redraw(request: RedrawRequest): Promise<Outcome<{ attempt: Attempt }>> {
    return this.#decideConfigured((pool, now) =>
      requestRedraw(pool, this.#committedList(pool), this.#key, request, now),
    )
  }

  /** The redraw that a request made, if it has: so that its repeat is told from another. */
  async redrawByKey(key: string): Promise<Attempt | null> {
    const row = this.#pool?.record.attempts().find((each) => each.key === key)
    return row === undefined ? null : (JSON.parse(row.record) as Attempt)
  }

  async recompute(): Promise<{ commitment: string; attempts: Attempt[] } | null> {
    return this.#pool?.record.commitment == null
      ? null
      : recompute(this.#pool, this.#committedList(this.#pool))
  }

  /** A slice of the list from index `start`; null before the commitment. */
  async listSlice(start: number): Promise<FileSlice | null> {
    if (this.#pool?.record.commitment == null) return null
    return listSlice(this.#committedList(this.#pool), start)
  }

  /** A slice of the log after the event with `seq`; null before the commitment. */
  async logSlice(seq: number): Promise<FileSlice | null> {
    return this.#pool?.record.commitment == null ? null : logSlice(this.#store, seq)
  }

  /** Who holds tickets, from the reservation after `seq` on; null before the pool is configured. */
  async holderSlice(seq: number): Promise<HolderSlice | null> {
    return this.#pool === undefined ? null : holderSlice(this.#pool, this.#store, seq)
  }

  // ——— Upkeep ———

  /** Projects everything again. */
  async rebuild(): Promise<void> {
    if (this.#pool === undefined) return
    await this.#projector.rewind()
    // A rebuild that is cut short goes on by alarm.
    this.#arm(Date.now())
    await this.#projector.run()
  }

  /** Never throws: a handler that does is retried a few times and then dropped, and with it every promise it keeps. */
  override async alarm(): Promise<void> {
    this.#armedFor = null
    let earliest = 0
    try {
      await this.advance()
      this.#projector.note(true)
    } catch (error) {
      this.#log.error('alarm failed', { pool: this.ctx.id.name, error })
      // What is due and cannot be done stays due: without a pause it would be tried again at once, for ever.
      earliest = Date.now() + PAUSE_AFTER_FAILURE_MS
    }
    this.#arm(Date.now(), earliest)
  }

  /** Before the list is fixed everything unpaid is asked about once more; an answer takes effect by `confirm`. */
  #settleOrders(): Promise<void> {
    const pool = this.#pool
    const now = Date.now()
    const latest = pool?.settleBy(now) ?? null
    if (pool === undefined || latest === null) return Promise.resolve()
    this.#settling ??= this.#settleWithinTime(pool, now, latest).finally(() => {
      this.#settling = undefined
    })
    return this.#settling
  }

  async #settleWithinTime({ name, itemId }: Pool, now: number, latest: number): Promise<void> {
    const ctx = createContext(this.env, SettingsSchema.parse(this.env), now, newId('sweep'))
    const leftMs = Math.min(Math.max(latest - now - SPARE_MS, LEAST_SETTLING_MS), MOST_SETTLING_MS)
    const settled = this.hooks.beforeFreeze(ctx, itemId).catch((error: unknown) => {
      this.#log.error('payments could not be asked about before the freeze', { pool: name, error })
    })
    await endsWithin(leftMs, settled)
  }

  // ——— Group commit ———

  #decideConfigured<Answer>(
    decide: (pool: Pool, now: number) => Answer,
  ): Promise<Answer | typeof NOT_CONFIGURED> {
    if (this.#pool === undefined) return Promise.resolve(NOT_CONFIGURED)
    // The pool is looked up when its turn comes: a failed commit before it may have replaced it.
    return this.#decide((now) => decide(this.#pool!, now))
  }

  /** Queues a decision; it is answered once it is durable and D1 knows of it (or need not be waited for). */
  #decide<Answer>(decide: (now: number) => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#calls.add({ decide, resolve: resolve as Call['resolve'], reject })
    })
  }

  #commitAll(calls: Call[]): void {
    const failure = this.#commit(calls)
    if (failure === null) return
    if (calls.length === 1) this.#reject(calls[0]!, failure.error)
    // One of them cannot be decided; alone, it fails alone.
    else for (const call of calls) this.#commitAlone(call)
  }

  #commitAlone(call: Call): void {
    const failure = this.#commit([call])
    if (failure !== null) this.#reject(call, failure.error)
  }

  #reject(call: Call, error: unknown): void {
    this.#calls.answered(1)
    call.reject(error)
  }

  /** Decides and commits, then answers when all is told; gives why, if nothing of it happened. */
  #commit(calls: Call[]): { error: unknown } | null {
    const now = Date.now()
    let answers: unknown[]
    try {
      answers = this.ctx.storage.transactionSync(() => {
        this.#pool?.expireHolds(now)
        const decided = calls.map((call) => call.decide(now))
        this.#projector.note(false)
        this.#arm(now)
        return decided
      })
    } catch (error) {
      this.#log.error('commit failed', { pool: this.ctx.id.name, calls: calls.length, error })
      // What memory learnt from a transaction that did not happen is thrown away.
      this.#store.reopen()
      this.#projector.reopen()
      this.#load()
      this.#armedFor = null
      return { error }
    }
    void this.#projector.settled().then(() => {
      this.#calls.answered(calls.length)
      calls.forEach((call, index) => void call.resolve(answers[index]))
    })
    return null
  }

  #load(): void {
    const row = this.#store.ready ? this.#store.pool() : undefined
    this.#pool = row === undefined ? undefined : new Pool(this.#store, row, SECURE)
    this.#list = undefined
  }

  #committedList(pool: Pool): TicketList {
    if (pool.record.commitment === null) return buildList(this.#store, pool.sale.total)
    this.#list ??= buildList(this.#store, pool.sale.total)
    return this.#list
  }

  /** Sets the alarm for whatever comes first, unless it rings sooner anyway. */
  #arm(now: number, earliest = 0): void {
    const due = [this.#pool?.nextDue(), this.#projector.nextTry(now)].filter((each) => each != null)
    if (due.length === 0) return
    const next = Math.max(earliest, Math.min(...due))
    // An alarm that should have rung by now may have been dropped, and does not keep another from being set.
    if (this.#armedFor !== null && this.#armedFor <= next && this.#armedFor > now - ALARM_LATE_MS) return
    this.#armedFor = next
    void this.ctx.storage.setAlarm(next)
  }
}
