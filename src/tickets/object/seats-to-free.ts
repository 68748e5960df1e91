/**
 * Frees seats of a capacity group whose tickets were voided. The caller that voided them does it at once. If it died, or the
 * group did not answer, the rows that the void has left are due here, until the group has answered.
 */
import { type Bindings, type Ctx, createContext } from '../../core/context.ts'
import { newId } from '../../core/ids.ts'
import type { Logger } from '../../core/logging.ts'
import { SettingsSchema } from '../../core/settings.ts'
import { MINUTE_MS } from '../../core/time.ts'
import type { Pool } from '../pool/pool.ts'
import type { PoolStore } from '../pool/store.ts'
import type { SeatsToFreeRow } from '../pool/tables.ts'
import type { Seats } from '../pool-contract.ts'

const ROWS_A_PASS = 50

export interface SeatsToFreePorts {
  env: Bindings
  log: Logger
  store: PoolStore
  /** Idempotent. */
  free: (ctx: Ctx, seats: Seats) => Promise<unknown>
  /** Commits a write. */
  write: (work: () => void) => Promise<unknown>
}

export class SeatsToFree {
  readonly #ports: SeatsToFreePorts

  constructor(ports: SeatsToFreePorts) {
    this.#ports = ports
  }

  /** What is left after one pass is due at once. */
  async run(pool: Pool | undefined): Promise<void> {
    if (pool === undefined || pool.sale.groupId === null || pool.isOver) return
    const { env, store } = this.#ports
    const now = Date.now()
    const due = store.seatsToFree(now, ROWS_A_PASS)
    if (due.length === 0) return
    const ctx = createContext(env, SettingsSchema.parse(env), now, newId('sweep'))
    for (const row of due) await this.#free(ctx, pool.name, row)
  }

  async #free(ctx: Ctx, pool: string, { seq, seats }: SeatsToFreeRow): Promise<void> {
    const { log, store, free, write } = this.#ports
    try {
      await free(ctx, JSON.parse(seats) as Seats)
      await write(() => store.deleteSeatsToFree(seq))
    } catch (error) {
      log.error('seats not freed yet', { pool, error })
      await write(() => store.postponeSeatsToFree(seq, Date.now() + MINUTE_MS))
    }
  }
}
