/** The calls of a pool's object about its waiting list, and about the ticket types of a capacity group. */
import { DurableObject } from 'cloudflare:workers'
import type { Bindings } from '../../core/context.ts'
import { waitingSlice } from '../pool/files.ts'
import { NOT_CONFIGURED, TOO_LATE } from '../pool/refusals.ts'
import type { Outcome } from '../pool-contract.ts'
import type { JoinOutcome, JoinRequest, SeatRequest, SeatType, Waiting } from '../waiting-contract.ts'
import type { PoolRuntime } from './pool-runtime.ts'

export abstract class WaitingObject extends DurableObject<Bindings> {
  protected abstract readonly runtime: PoolRuntime

  async join(request: JoinRequest): Promise<JoinOutcome> {
    return this.runtime.decideConfigured((pool, now) =>
      request.itemId === pool.itemId ? pool.offers.join(request, now) : NOT_CONFIGURED,
    )
  }

  /** Gives up the place or the offer; in a capacity group those of all its ticket types, if `holder` is a person. */
  async leave(holder: string): Promise<Outcome<object>> {
    return this.runtime.decideConfigured((pool, now) => {
      pool.offers.leave(holder, now)
      return { ok: true as const }
    })
  }

  /** The person's place or offer; null: the person has neither. */
  async waitingOf(holder: string): Promise<Waiting | null> {
    return this.runtime.pool?.offers.find(holder, Date.now()) ?? null
  }

  /** People who wait, after the place at `seq`; null before the pool is configured. `typePool`: as for a slice. */
  async waitingSlice(seq: number, most: number, typePool: string | null) {
    return this.runtime.pool === undefined ? null : waitingSlice(this.runtime.store, seq, most, typePool)
  }

  // ——— The ticket types of a capacity group ———

  /** Whether a person may have seats, before the tickets are held. */
  async maySeat(request: SeatRequest): Promise<Outcome<{ areOffered: boolean }>> {
    return this.runtime.decideConfigured((pool, now) => pool.buying.maySeat(request, now), 'hold')
  }

  /** The terms that a ticket type has now. */
  async setSeatType(seatType: SeatType): Promise<Outcome<object>> {
    return this.runtime.decideConfigured((pool) => {
      pool.offers.setSeatType(seatType)
      return { ok: true as const }
    })
  }

  /** Before a ticket type gets new terms: no more seats than these. Refuses after `until`, as `configure` does. */
  async keepWithin(seatType: SeatType, until: number): Promise<Outcome<object>> {
    return this.runtime.decideConfigured((pool, now) => {
      if (now > until) return TOO_LATE
      return pool.offers.keepWithin(seatType) ?? { ok: true as const }
    })
  }
}
