/** Sweeps grants: finishes them after a crash, when sales open, when their owner comes, or when they are revoked. */
import { and, asc, eq, isNotNull, lte, type SQL } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { type Swept, sweepRows } from '../core/sweep-rows.ts'
import { type GrantKey, logNameOf } from './find-grant.ts'
import { finishGrant } from './finish-grant.ts'
import { grants } from './schema.ts'
import { wakeGrants } from './wake-grants.ts'

/** Few, because a provider may be waiting for the answer to its webhook. */
const MAX_AT_ONCE = 10

export async function sweepGrants(ctx: Ctx): Promise<Swept> {
  await wakeGrants(ctx)
  return finishDueGrants(ctx)
}

export const finishDueGrants = (ctx: Ctx, which?: SQL): Promise<Swept> =>
  sweepRows(ctx, {
    name: 'grant',
    page: async (limit) => {
      const rows = await dueGrants(ctx, limit, which)
      return rows.map((row) => ({ ...row, id: logNameOf(row) }))
    },
    one: (grant) => finishGrant(ctx, grant),
  })

/** Finishes the grants of an order right after it was paid; if one fails, the sweep finishes it. */
export async function finishGrants(ctx: Ctx, keys: GrantKey[]): Promise<void> {
  for (const key of keys.slice(0, MAX_AT_ONCE)) {
    try {
      await finishGrant(ctx, key)
    } catch (error) {
      ctx.log.error('grant not finished yet', { grant: logNameOf(key), error })
    }
  }
}

/**
 * Revokes the grants of a refunded order of our own shop. At once, because a pool freezes by its own clock and does not
 * wait for the sweep. Reads the due rows, so that it also finds the rows of a batch whose answer was lost.
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
