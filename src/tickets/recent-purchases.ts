/**
 * Lets buyers read their own purchases from pools that gather their sales before they write them to D1. The bookmark of the
 * answer names the pool. For clients that send none, this isolate remembers for a moment who bought in which pool. Before
 * the buyer reads, that pool catches up.
 */
import type { MiddlewareHandler } from 'hono'
import { MAX_POOLS } from '../core/bookmark.ts'
import type { AppEnv, Ctx } from '../core/context.ts'
import { askPool } from './client.ts'
import type { Outcome, Reservation } from './pool-contract.ts'
import { reservationAddress } from './reservation-id.ts'

/** Longer than a pool gathers and then waits for D1. */
const REMEMBER_MS = 3_000
const MAX_BUYERS = 10_000

interface Buyer {
  pools: string[]
  until: number
}

/** In the order of `until`. */
const buyers = new Map<string, Buyer>()

/** Remembers a purchase or a payment that D1 may not have yet. */
export function rememberPurchase(
  { now, position }: Ctx,
  outcome: Outcome<{ reservation: Reservation; isProjected: boolean }>,
): void {
  if (!outcome.ok || outcome.isProjected) return
  const { holder, id } = outcome.reservation
  const { pool } = reservationAddress(id)
  position.noteBehind(pool)
  for (const [oldest, { until }] of buyers) {
    if (until > now && buyers.size < MAX_BUYERS) break
    buyers.delete(oldest)
  }
  const others = buyers.get(holder)?.pools.filter((each) => each !== pool) ?? []
  buyers.delete(holder)
  buyers.set(holder, { pools: [pool, ...others].slice(0, MAX_POOLS), until: now + REMEMBER_MS })
}

/** Before a read of somebody who has just bought: the pools write to D1 what they gathered. */
export const readOwnPurchases: MiddlewareHandler<AppEnv> = async function readOwnPurchases(c, next) {
  if (c.req.method === 'GET') await catchUp(c.get('ctx'))
  await next()
}

async function catchUp(ctx: Ctx): Promise<void> {
  const { position, now } = ctx
  const userId = ctx.actor?.userId ?? ''
  const buyer = buyers.get(userId)
  const known = buyer !== undefined && buyer.until > now ? buyer.pools : []
  const pools = [...new Set([...position.poolsBehind, ...known])]
  try {
    await Promise.all(pools.map((pool) => askPool(ctx, pool, (stub) => stub.catchUp())))
    position.caughtUp(pools)
  } catch (error) {
    // The reader sees what D1 has, as with a busy database, and keeps the bookmark.
    ctx.log.warn('a pool did not catch up before a read', { error: (error as Error).name })
  }
  // Only now, because the buyer's other reads at the same time wait too. A new purchase has made a new entry.
  if (buyers.get(userId) === buyer) buyers.delete(userId)
}
