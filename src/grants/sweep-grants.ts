/** The sweep over grants: what a crash left between row and pool, what waited for sales or for a person, what is asked back. */
import { and, asc, isNotNull, lte } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { type Swept, sweepRows } from '../core/sweep-rows.ts'
import type { GrantKey } from './find-grant.ts'
import { finishGrant } from './finish-grant.ts'
import { grants } from './schema.ts'
import { wakeProvenGrants } from './take-over-grants.ts'

/** While a provider waits for the answer to its webhook. */
const MAX_AT_ONCE = 10

export async function sweepGrants(ctx: Ctx): Promise<Swept> {
  await wakeProvenGrants(ctx)
  return sweepRows(ctx, {
    name: 'grant',
    page: async (limit) => {
      const rows = await ctx.db
        .select({ raffleId: grants.raffleId, orderRef: grants.orderRef })
        .from(grants)
        .where(and(isNotNull(grants.dueAt), lte(grants.dueAt, ctx.now)))
        .orderBy(asc(grants.dueAt))
        .limit(limit)
      return rows.map((row) => ({ ...row, id: `${row.raffleId} ${row.orderRef}` }))
    },
    one: (grant) => finishGrant(ctx, grant),
  })
}

/** What an order has earned, right after it was paid; what cannot be done now, the sweep does. */
export async function finishGrants(ctx: Ctx, keys: GrantKey[]): Promise<void> {
  try {
    for (const key of keys.slice(0, MAX_AT_ONCE)) await finishGrant(ctx, key)
  } catch (error) {
    ctx.log.error('grants not finished yet', { orderRef: keys[0]?.orderRef, error })
  }
}
