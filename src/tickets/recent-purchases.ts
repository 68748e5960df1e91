/**
 * Lets buyers read their own purchases from busy pools, which gather their sales before they write them to D1. This
 * isolate remembers for a moment who bought in which pool, and asks that pool to catch up before the buyer reads.
 */
import type { MiddlewareHandler } from 'hono'
import type { AppEnv, Ctx } from '../core/context.ts'
import { askPool } from './client.ts'
import type { Outcome, Reservation } from './pool-contract.ts'
import { reservationAddress } from './reservation-id.ts'

/** Longer than a pool gathers and then waits for D1. */
const REMEMBER_MS = 3_000
const MAX_BUYERS = 10_000
/** A buyer of more pools at once reads the others a moment later. */
const MAX_POOLS = 4

interface Buyer {
  pools: string[]
  until: number
}

/** In the order of `until`. */
const buyers = new Map<string, Buyer>()

/** Remembers a purchase or a payment that D1 may not have yet. */
export function rememberPurchase(
  { now }: Ctx,
  outcome: Outcome<{ reservation: Reservation; isProjected: boolean }>,
): void {
  if (!outcome.ok || outcome.isProjected) return
  const { holder, id } = outcome.reservation
  for (const [oldest, { until }] of buyers) {
    if (until > now && buyers.size < MAX_BUYERS) break
    buyers.delete(oldest)
  }
  const { pool } = reservationAddress(id)
  const others = buyers.get(holder)?.pools.filter((each) => each !== pool) ?? []
  buyers.delete(holder)
  buyers.set(holder, { pools: [pool, ...others].slice(0, MAX_POOLS), until: now + REMEMBER_MS })
}

/** Before a read of somebody who has just bought: the pools write to D1 what they gathered. */
export const readOwnPurchases: MiddlewareHandler<AppEnv> = async function readOwnPurchases(c, next) {
  const ctx = c.get('ctx')
  const userId = ctx.actor?.userId ?? ''
  const buyer = buyers.get(userId)
  if (buyer !== undefined && c.req.method === 'GET') {
    if (buyer.until > ctx.now) await Promise.all(buyer.pools.map((pool) => catchUp(ctx, pool)))
    // Only now, because the buyer's other reads at the same time wait too. A new purchase has made a new entry.
    if (buyers.get(userId) === buyer) buyers.delete(userId)
  }
  await next()
}

async function catchUp(ctx: Ctx, pool: string): Promise<void> {
  try {
    await askPool(ctx, pool, (stub) => stub.catchUp())
  } catch (error) {
    // The reader sees what D1 has, as with a busy database.
    ctx.log.warn('a pool did not catch up before a read', { pool, error: (error as Error).name })
  }
}
