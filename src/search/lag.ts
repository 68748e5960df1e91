/** How far the index is behind the main database, for the health check. */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { onPrimary } from '../core/position.ts'
import { readProgress } from './search-database.ts'

/** How long the oldest change that is not in the index has waited, in milliseconds; 0: the index is in step. */
export async function readLag(ctx: Ctx): Promise<{ lagMs: number; isRebuilding: boolean }> {
  const { clock, walk } = await readProgress(ctx)
  const oldest = await onPrimary(() =>
    ctx.db.get<{ at: number } | undefined>(
      sql`SELECT at FROM search_changes WHERE seq > ${clock ?? 0} ORDER BY seq LIMIT 1`,
    ),
  )
  const lagMs = oldest === undefined ? 0 : Math.max(0, ctx.now - oldest.at)
  return { lagMs, isRebuilding: clock === null || walk !== null }
}
