/** Notes that a sweep ran, for `GET /health` and whoever watches it. */
import { lt } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { sweeps } from './schema.ts'

const THE_ROW = 1

export interface SweepNote {
  startedAt: number
  finishedAt: number
  overdue: number
}

/** Of two sweeps at a time the one that began later is the last. */
export async function noteSweep(ctx: Ctx, note: SweepNote): Promise<void> {
  await ctx.db
    .insert(sweeps)
    .values({ id: THE_ROW, ...note })
    .onConflictDoUpdate({ target: sweeps.id, set: note, setWhere: lt(sweeps.startedAt, note.startedAt) })
}

export const lastSweep = async (ctx: Ctx): Promise<SweepNote | null> =>
  (await ctx.db.select().from(sweeps).get()) ?? null
