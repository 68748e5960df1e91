/** The sweep over grants: what a crash left between row and pool, what waited for sales or for a person, what is asked back. */
import { and, asc, eq, isNotNull, lte, type SQL } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { type Swept, sweepRows } from '../core/sweep-rows.ts'
import type { GrantKey } from './find-grant.ts'
import { finishGrant } from './finish-grant.ts'
import { grants } from './schema.ts'
import { wakeGrants } from './wake-grants.ts'

/** While a provider waits for the answer to its webhook. */
const MAX_AT_ONCE = 10

export async function sweepGrants(ctx: Ctx): Promise<Swept> {
  await wakeGrants(ctx)
  return finishDueGrants(ctx)
}

export const finishDueGrants = (ctx: Ctx): Promise<Swept> =>
  sweepRows(ctx, {
    name: 'grant',
    page: async (limit) => {
      const rows = await dueGrants(ctx, limit)
      return rows.map((row) => ({ ...row, id: `${row.raffleId} ${row.orderRef}` }))
    },
    one: (grant) => finishGrant(ctx, grant),
  })

/** What an order has earned, right after it was paid; what cannot be done now, the sweep does. */
export async function finishGrants(ctx: Ctx, keys: GrantKey[]): Promise<void> {
  for (const key of keys.slice(0, MAX_AT_ONCE)) {
    try {
      await finishGrant(ctx, key)
    } catch (error) {
      ctx.log.error('grant not finished yet', { ...key, error })
    }
  }
}

/**
 * The same for an order of our own shop that was refunded: at once, as a pool freezes by its own clock and does not wait
 * for the sweep. Read and not passed on, so that what was asked back by a batch whose answer was lost is found too.
 */
export async function finishGrantsOf(ctx: Ctx, orderId: string): Promise<void> {
  try {
    await finishGrants(ctx, await dueGrants(ctx, MAX_AT_ONCE, eq(grants.orderRef, orderId)))
  } catch (error) {
    ctx.log.error('grants not finished yet', { orderRef: orderId, error })
  }
}

const dueGrants = (ctx: Ctx, limit: number, which?: SQL): Promise<GrantKey[]> =>
  ctx.db
    .select({ raffleId: grants.raffleId, orderRef: grants.orderRef })
    .from(grants)
    .where(and(isNotNull(grants.dueAt), lte(grants.dueAt, ctx.now), which))
    .orderBy(asc(grants.dueAt))
    .limit(limit)
