/** Carries out suspensions: at once, and again later for what was under way when the user was suspended. */
import { and, asc, count, eq, isNotNull, lte, or, sql } from 'drizzle-orm'
import { type SuspensionRow, suspensions } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { endsWithin } from '../core/time-limit.ts'
import { takeBackAll } from './take-back-all.ts'

/** An admin waits at most this long for the first pass. The sweep goes on. */
const MAX_WAIT_MS = 5 * SECOND_MS
const MAX_PASS_MS = 10 * SECOND_MS
const SUSPENSIONS_A_PASS = 100
/** Longer than a request takes, and than D1 normally lags behind a pool. */
const STRAGGLERS_MS = 2 * MINUTE_MS

/**
 * When each pass is due, after the suspension. Other isolates may accept the user's tokens for a second more, so the
 * second pass takes back what was bought meanwhile. An isolate that cannot read the revoked tokens accepts them until they
 * expire, so the last pass comes after that.
 */
const passesOf = ({ settings }: Ctx): number[] => [
  0,
  STRAGGLERS_MS,
  settings.ACCESS_TOKEN_SECONDS * SECOND_MS + STRAGGLERS_MS,
]

/** A pass that has failed for this long does not end by waiting. */
const STUCK_AFTER_MS = 10 * MINUTE_MS

/** How many suspensions are still repeated ten minutes after their pass was due: a failed pass is due again at once. */
export async function countStuckSuspensions(ctx: Ctx): Promise<number> {
  const isStuck = passesOf(ctx).map((after, pass) =>
    and(
      eq(suspensions.passes, pass),
      sql`${suspensions.dueAt} - ${suspensions.startedAt} > ${after + STUCK_AFTER_MS}`,
    ),
  )
  const found = await ctx.db
    .select({ stuck: count() })
    .from(suspensions)
    .where(and(isNotNull(suspensions.dueAt), or(...isStuck)))
    .get()
  return found?.stuck ?? 0
}

/** Starts a suspension at once. Never throws: it is due, so the sweep goes on after an error. */
export async function takeBackAfterSuspension(ctx: Ctx, userId: string): Promise<void> {
  try {
    const suspension = await ctx.db.select().from(suspensions).where(eq(suspensions.userId, userId)).get()
    if (suspension?.dueAt == null) return
    await endsWithin(MAX_WAIT_MS, runPass(ctx, suspension, Date.now() + MAX_WAIT_MS))
  } catch (error) {
    ctx.log.error('suspension not carried out yet', { userId, error })
  }
}

/** Runs each due pass, oldest first. What is left after ten seconds is due in the next sweep. */
export async function sweepSuspensions(ctx: Ctx): Promise<void> {
  const until = Date.now() + MAX_PASS_MS
  const due = await ctx.db
    .select()
    .from(suspensions)
    .where(and(isNotNull(suspensions.dueAt), lte(suspensions.dueAt, ctx.now)))
    .orderBy(asc(suspensions.dueAt))
    .limit(SUSPENSIONS_A_PASS)
  for (const suspension of due) {
    if (Date.now() >= until) return
    try {
      await runPass(ctx, suspension, until)
    } catch (error) {
      ctx.log.error('suspension not carried out yet', { userId: suspension.userId, error })
    }
  }
}

async function runPass(ctx: Ctx, suspension: SuspensionRow, until: number): Promise<void> {
  const { userId, startedAt, passes } = suspension
  const isComplete = await takeBackAll(ctx, { userId, raffleId: null }, until)
  const next = passesOf(ctx)[passes + 1]
  // After an error the pass is repeated, behind the other due ones.
  const change = isComplete
    ? { passes: passes + 1, dueAt: next === undefined ? null : startedAt + next }
    : { dueAt: ctx.now }
  // Two sweeps may run one pass, and the user may be reactivated or suspended again meanwhile. Safe: the row is the same.
  await withRetry(() =>
    ctx.db
      .update(suspensions)
      .set(change)
      .where(
        and(
          eq(suspensions.userId, userId),
          eq(suspensions.startedAt, startedAt),
          eq(suspensions.passes, passes),
          eq(suspensions.dueAt, suspension.dueAt!),
        ),
      ),
  )
}
