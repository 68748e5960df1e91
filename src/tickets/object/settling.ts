/** Finishes what changes the list just before the freeze: one run at a time, within the time left before the draw. */
import { type Bindings, type Ctx, createContext } from '../../core/context.ts'
import { newId } from '../../core/ids.ts'
import type { Logger } from '../../core/logging.ts'
import { SettingsSchema } from '../../core/settings.ts'
import { endsWithin } from '../../core/time-limit.ts'
import { LEAST_SETTLING_MS, SPARE_MS } from '../pool/clock.ts'
import type { Pool } from '../pool/pool.ts'

/** A freeze waits at most this long for answers of providers and of the database. */
const MOST_SETTLING_MS = 10_000

export interface SettlingPorts {
  env: Bindings
  log: Logger
  /** Resolves once D1 has the pool's reservations, or after a moment. */
  projected: () => Promise<void>
  settle: (ctx: Ctx, itemId: string) => Promise<unknown>
}

export class Settling {
  readonly #ports: SettlingPorts
  #running: Promise<void> | undefined

  constructor(ports: SettlingPorts) {
    this.#ports = ports
  }

  /** Whether the freeze is waiting for answers now. */
  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** A payment that arrived takes effect through the pool's `confirm`, a suspension through its `void`. */
  run(pool: Pool | undefined): Promise<void> {
    const now = Date.now()
    const latest = pool?.settleBy(now) ?? null
    if (pool === undefined || latest === null) return Promise.resolve()
    this.#running ??= this.#runWithinTime(pool, now, latest).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #runWithinTime({ name, itemId, held }: Pool, now: number, latest: number): Promise<void> {
    const { env, log, projected, settle } = this.#ports
    // Held numbers may be paid. Without any, the freeze waits only if there is time before the draw.
    const leastMs = held > 0 ? LEAST_SETTLING_MS : 0
    const leftMs = Math.min(Math.max(latest - now - SPARE_MS, leastMs), MOST_SETTLING_MS)
    if (leftMs === 0) return
    const ctx = createContext(env, SettingsSchema.parse(env), now, newId('sweep'))
    const settled = async () => {
      try {
        await projected()
        await settle(ctx, itemId)
      } catch (error) {
        log.error('not settled before the freeze', { pool: name, error })
      }
    }
    await endsWithin(leftMs, settled())
  }
}
