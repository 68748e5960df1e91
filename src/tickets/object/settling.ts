/** Settles unpaid orders just before the freeze: one run at a time, within the time left before the draw. */
import { type Bindings, type Ctx, createContext } from '../../core/context.ts'
import { newId } from '../../core/ids.ts'
import type { Logger } from '../../core/logging.ts'
import { SettingsSchema } from '../../core/settings.ts'
import { endsWithin } from '../../core/time-limit.ts'
import { LEAST_SETTLING_MS, SPARE_MS } from '../pool/clock.ts'
import type { Pool } from '../pool/pool.ts'

/** A freeze waits at most this long for providers' answers. */
const MOST_SETTLING_MS = 10_000

export interface SettlingPorts {
  env: Bindings
  log: Logger
  settleOrders: (ctx: Ctx, itemId: string) => Promise<unknown>
}

export class Settling {
  readonly #ports: SettlingPorts
  #running: Promise<void> | undefined

  constructor(ports: SettlingPorts) {
    this.#ports = ports
  }

  /** Whether the freeze is waiting for providers' answers now. */
  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** A payment that arrived takes effect through the pool's `confirm`. */
  run(pool: Pool | undefined): Promise<void> {
    const now = Date.now()
    const latest = pool?.settleBy(now) ?? null
    if (pool === undefined || latest === null) return Promise.resolve()
    this.#running ??= this.#runWithinTime(pool, now, latest).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #runWithinTime({ name, itemId }: Pool, now: number, latest: number): Promise<void> {
    const { env, log, settleOrders } = this.#ports
    const ctx = createContext(env, SettingsSchema.parse(env), now, newId('sweep'))
    const leftMs = Math.min(Math.max(latest - now - SPARE_MS, LEAST_SETTLING_MS), MOST_SETTLING_MS)
    const settled = settleOrders(ctx, itemId).catch((error: unknown) => {
      log.error('orders not settled before the freeze', { pool: name, error })
    })
    await endsWithin(leftMs, settled)
  }
}
