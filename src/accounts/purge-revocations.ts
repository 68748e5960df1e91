/** Deletes revocations whose tokens have all expired. The last row stays: it shows each isolate that it has read all. */
import { and, asc, inArray, lt, max } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { revocations } from './schema.ts'

const PURGE_BATCH = 5_000
/** Isolates forget a revocation a little after its tokens expired. */
const MARGIN_MS = 5 * MINUTE_MS

export async function purgeRevocations(ctx: Ctx): Promise<void> {
  const oldest = ctx.db
    .select({ seq: revocations.seq })
    .from(revocations)
    .orderBy(asc(revocations.seq))
    .limit(PURGE_BATCH)
  const last = ctx.db.select({ seq: max(revocations.seq) }).from(revocations)
  const expired = ctx.now - ctx.settings.ACCESS_TOKEN_SECONDS * SECOND_MS - MARGIN_MS
  await ctx.db
    .delete(revocations)
    .where(and(inArray(revocations.seq, oldest), lt(revocations.seq, last), lt(revocations.at, expired)))
}
