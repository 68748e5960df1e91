/** Requests that a grant be revoked, and carries it out as far as possible. The sweep finishes the rest. */
import { and, inArray, isNull } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { type GrantKey, isGrant } from './find-grant.ts'
import { finishGrant } from './finish-grant.ts'
import { type GrantRow, grants } from './schema.ts'

/** Idempotent. A grant that earned nothing does not change, and one with frozen tickets stays granted. */
export async function requestRevocation(
  ctx: Ctx,
  key: GrantKey,
  { revokeReason = null }: Partial<Pick<GrantRow, 'revokeReason'>> = {},
): Promise<GrantRow> {
  await withRetry(() =>
    ctx.db
      .update(grants)
      .set({ revokeAskedAt: ctx.now, revokeReason, dueAt: ctx.now })
      .where(and(isGrant(key), inArray(grants.status, ['waiting', 'granted']), isNull(grants.revokeAskedAt))),
  )
  return finishGrant(ctx, key)
}
