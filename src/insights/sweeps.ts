/** Records the last sweep, for the health check. */
import { lt } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { sweeps } from './schema.ts'

const ONLY_ROW_ID = 1

export interface SweepRecord {
  startedAt: number
  finishedAt: number
  overdue: number
}

/** Two sweeps may run at once and end in any order: the row keeps the one that started later. */
export async function recordSweep(ctx: Ctx, record: SweepRecord): Promise<void> {
  await ctx.db
    .insert(sweeps)
    .values({ id: ONLY_ROW_ID, ...record })
    .onConflictDoUpdate({ target: sweeps.id, set: record, setWhere: lt(sweeps.startedAt, record.startedAt) })
}

export const lastSweep = async (ctx: Ctx): Promise<SweepRecord | null> =>
  (await ctx.db.select().from(sweeps).get()) ?? null
