/**
 * The Durable Object that assigns the numbers of one raffle or ticket type; nothing else does. It decides calls one at
 * a time, commits a batch in one transaction, and only then answers. A projection copies its state to D1. Its one alarm
 * expires holds, freezes a raffle at its time, and retries the projection.
 */
import type { Bindings, Ctx } from '../../core/context.ts'
import { SettingsSchema } from '../../core/settings.ts'
import { databaseOf } from '../../core/writer/writing-database.ts'
import { loadBeacon } from '../load-beacon.ts'
import { configure } from '../pool/configure.ts'
import { cancelPool, type Drawn, drawAttempt, recompute, requestRedraw } from '../pool/draw.ts'
import { holderSlice, issuedTickets, listSlice, logSlice, reservationSlice } from '../pool/files.ts'
import type { Pool } from '../pool/pool.ts'
import { poolState } from '../pool/pool-state.ts'
import { NOT_CONFIGURED, TOO_LATE } from '../pool/refusals.ts'
import { recordResult } from '../pool/results.ts'
import type { PoolStore } from '../pool/store.ts'
import { listOf } from '../pool/ticket-list.ts'
import type {
  AnyAttempt,
  Attempt,
  Cancellation,
  CancelledBy,
  ChangedSlice,
  ChangeOutcome,
  ConfirmOutcome,
  DrawnWinner,
  FileSlice,
  IssuedTickets,
  Outcome,
  PoolState,
  Projected,
  RedrawRequest,
  Reservation,
  ReserveOutcome,
  ReserveRequest,
  ResultRequest,
  Seats,
  TransferRequest,
} from '../pool-contract.ts'
import type { Terms } from '../terms.ts'
import { PoolRuntime } from './pool-runtime.ts'
import { changedSlice } from './projection.ts'
import { WaitingObject } from './waiting-object.ts'

/** Work of higher layers at moments of a pool's life; `index.ts` supplies it. */
export interface PoolHooks {
  /** Called just before the freeze: finishes what happened before it and changes the list. */
  beforeFreeze(ctx: Ctx, itemId: string): Promise<unknown>
  /** Frees seats of a capacity group. Idempotent. */
  freeSeats(ctx: Ctx, seats: Seats): Promise<unknown>
}

export abstract class PoolObject extends WaitingObject {
  protected abstract readonly hooks: PoolHooks

  /** The projection's target; a field, so that a test can replace it by a failing database. */
  database: D1Database
  protected override readonly runtime: PoolRuntime

  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env)
    const settings = SettingsSchema.parse(env)
    this.database = databaseOf(env, settings)
    this.runtime = new PoolRuntime({
      ctx,
      env,
      settings,
      database: () => this.database,
      beforeFreeze: (context, itemId) => this.hooks.beforeFreeze(context, itemId),
      freeSeats: (context, seats) => this.hooks.freeSeats(context, seats),
    })
  }

  get #pool(): Pool | undefined {
    return this.runtime.pool
  }

  get #store(): PoolStore {
    return this.runtime.store
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
    return this.runtime.decide((now) => {
      if (now > until) return TOO_LATE
      const outcome = configure(this.#store, {
        name: this.ctx.id.name!,
        itemId,
        version,
        terms,
        pool: this.#pool,
        now,
      })
      if (outcome.ok) this.runtime.load()
      return outcome
    })
  }

  // ——— Tickets ———

  async reserve(request: ReserveRequest): Promise<Projected<ReserveOutcome>> {
    const gathering = request.payment === null ? 'sale' : 'hold'
    return this.runtime.sell(gathering, (pool, now) => pool.reserve(request, now, this.runtime.isSettling))
  }

  /** `hasSeats`: see `seats.ts`. */
  async confirm(seq: number, id: string, hasSeats = false): Promise<Projected<ConfirmOutcome>> {
    return this.runtime.sell('sale', (pool, now) =>
      pool.confirm(seq, id, now, this.runtime.isSettling, hasSeats),
    )
  }

  async release(seq: number, id: string, isUnpaid = false): Promise<ChangeOutcome> {
    return this.runtime.decideConfigured((pool, now) => pool.release(seq, id, isUnpaid, now))
  }

  async void(seq: number, id: string, numbers: number[] | null, onlyOwn = false): Promise<ChangeOutcome> {
    return this.runtime.decideConfigured((pool, now) =>
      pool.void(seq, id, numbers, now, { isSettling: this.runtime.isSettling, onlyOwn }),
    )
  }

  /** Gives one number of a sold reservation to another holder. Returns the new reservation. */
  async transfer(seq: number, id: string, number: number, to: TransferRequest): Promise<ChangeOutcome> {
    return this.runtime.decideConfigured((pool, now) => pool.transfer(seq, id, number, to, now))
  }

  // ——— One reservation ———

  async reservation(seq: number, id: string): Promise<{ itemId: string; reservation: Reservation } | null> {
    const reservation = this.#pool?.find(seq, id)?.reservation
    return reservation === undefined ? null : { itemId: this.#pool!.itemId, reservation }
  }

  /** A holder's reservation by the key that made it, and the numbers that were issued. */
  async reservationByKey(
    holder: string,
    key: string,
  ): Promise<{ reservation: Reservation; issued: number[] } | null> {
    const { reservation, issued } = this.#pool?.findByKey(holder, key) ?? {}
    return reservation === undefined ? null : { reservation, issued: issued! }
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
    return this.runtime.decideConfigured((pool, now) => (now > until ? TOO_LATE : pool.close(now)))
  }

  async cancel(
    by: CancelledBy,
    reason: string,
    until = Number.POSITIVE_INFINITY,
  ): Promise<Outcome<{ cancellation: Cancellation }>> {
    return this.runtime.decideConfigured((pool, now) =>
      now > until ? TOO_LATE : cancelPool(pool, this.runtime.key, { by, reason, now }),
    )
  }

  /** Does what is due, as the alarm does: the sweep calls it in case the alarm did not ring. */
  async advance(): Promise<PoolState | null> {
    await this.runtime.advance()
    return this.state()
  }

  // ——— The draw ———

  async draw(attempt: number, signature: string): Promise<Outcome<Drawn>> {
    const { verifyBeacon } = await loadBeacon()
    return this.runtime.decideConfigured((pool, now) =>
      drawAttempt(pool, this.#store, listOf(pool, this.#store), { attempt, signature, now, verifyBeacon }),
    )
  }

  /** The next result of the lottery that decides the raffle. */
  async recordResult(request: ResultRequest): Promise<Outcome<{ winners: DrawnWinner[] }>> {
    return this.runtime.decideConfigured((pool, now) =>
      recordResult(pool, this.#store, listOf(pool, this.#store), this.runtime.key, { ...request, now }),
    )
  }

  async redraw(request: RedrawRequest): Promise<Outcome<{ attempt: Attempt }>> {
    return this.runtime.decideConfigured((pool, now) =>
      requestRedraw(pool, listOf(pool, this.#store), this.runtime.key, request, now),
    )
  }

  /** The redraw that the request with this key created; null: none. Tells a repeat from a new request. */
  async redrawByKey(key: string): Promise<Attempt | null> {
    return this.#pool?.record.attemptByKey(key) ?? null
  }

  async recompute(): Promise<{ commitment: string; attempts: AnyAttempt[] } | null> {
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

  /** Reservations that changed after `seq`; null before the pool is configured. */
  async changedSlice(seq: number): Promise<ChangedSlice | null> {
    return this.#pool === undefined ? null : changedSlice(this.#pool, this.#store, seq)
  }

  // ——— Upkeep ———

  /** Writes to D1 what is gathered. Resolves once D1 has it, or after a second, or if D1 fails. */
  async catchUp(): Promise<void> {
    await this.runtime.projector.caughtUp()
  }

  /** Projects every row again, for a D1 that was restored from a backup. */
  async rebuild(): Promise<void> {
    await this.runtime.rebuild()
  }

  override async alarm(): Promise<void> {
    await this.runtime.ring()
  }
}
