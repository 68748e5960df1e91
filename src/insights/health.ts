/** The health check: the database answers and has its tables, the sweep runs, mail goes out, and nothing is overdue. */
import { sql } from 'drizzle-orm'
import { mailerOf } from '../accounts/mail/mailers.ts'
import type { Ctx } from '../core/context.ts'
import { whatIsMissing } from '../core/missing-migrations.ts'
import { formatMoney } from '../core/money.ts'
import { MINUTE_MS, SECOND_MS, toInstant } from '../core/time.ts'
import { countDisputedResults, countWithoutResult } from '../draws/awaited-draws.ts'
import { countStuckNotices } from '../events/notices/sweep-notices.ts'
import { tills } from '../money/schema.ts'
import { countStuckFreeOrders } from '../payments/flag-stuck-orders.ts'
import { readLag } from '../search/lag.ts'
import { countStuckSuspensions } from '../suspensions/sweep-suspensions.ts'
import type { Health } from './contract.ts'
import { countOverdue } from './overdue.ts'
import { lastSweep } from './sweeps.ts'

/** The platform may delay or skip a sweep. Three minutes without one is a failure. */
const SWEEP_MISSING_AFTER_MS = 3 * MINUTE_MS

const MAX_TILLS = 20

/** What the sweep repeats each minute, and which has failed for ten minutes. What may fail for longer is in `overdue.ts`. */
const STUCK: readonly [what: string, count: (ctx: Ctx) => Promise<number>][] = [
  ['suspensions', countStuckSuspensions],
  ['free orders', countStuckFreeOrders],
  ['mails about changed events', countStuckNotices],
]

/** The sweep brings the index into step each minute. */
const INDEX_BEHIND_AFTER_MS = 5 * MINUTE_MS

/** Disputes and fees are booked even if the money is gone. An organisation's own till is its affair. */
const tillsBelowZero = (ctx: Ctx) =>
  ctx.db
    .select()
    .from(tills)
    .where(sql`balance < 0 AND ${tills.account} NOT LIKE 'cash:manual%'`)
    .limit(MAX_TILLS)

/** `showsSetUp`: whether the reader may see what an operator has to do. */
export async function readHealth(ctx: Ctx, showsSetUp: boolean): Promise<Health> {
  const problems: string[] = []
  let database: Health['database'] = 'ok'
  let sweptAt: number | null = null
  if (mailerOf(ctx.settings) === null) problems.push('Mail is not set up.')
  try {
    const missing = await whatIsMissing(ctx)
    if (missing !== null) {
      ctx.log.error('health: the database lacks migrations', missing)
      problems.push(
        showsSetUp ? `Not ready. Missing: ${missing.migrations}. Run: ${missing.command}` : 'Not ready.',
      )
      return { status: 'degraded', database, lastSweepAt: null, search: null, problems }
    }
    const sweep = await lastSweep(ctx)
    sweptAt = sweep?.finishedAt ?? null
    if (sweptAt === null) problems.push('The sweep has never run.')
    else if (ctx.now - sweptAt > SWEEP_MISSING_AFTER_MS) {
      problems.push(`The sweep last ran ${Math.round((ctx.now - sweptAt) / MINUTE_MS)} minutes ago.`)
    }
    for (const { account, currency, balance } of await tillsBelowZero(ctx)) {
      problems.push(`${account} is ${formatMoney({ amount: balance, currency })}: below zero.`)
    }
    if (sweep !== null && sweep.overdue > 0)
      problems.push(`${sweep.overdue} raffles are due but could not continue.`)
    const stuck = await Promise.all(STUCK.map(async ([what, count]) => [what, await count(ctx)] as const))
    for (const [what, count] of [...stuck, ...(await countOverdue(ctx))]) {
      if (count > 0) problems.push(`${count} ${what} are due but could not continue.`)
    }
    const withoutResult = await countWithoutResult(ctx)
    if (withoutResult > 0) problems.push(`${withoutResult} raffles wait for the result of their lottery.`)
    const disputed = await countDisputedResults(ctx)
    if (disputed > 0) problems.push(`${disputed} lottery results are disputed.`)
  } catch (error) {
    ctx.log.error('health: the database does not answer', { error })
    database = 'unavailable'
    problems.push('The database does not answer.')
  }
  const search = database === 'ok' ? await readSearch(ctx, problems) : null
  return {
    status: problems.length === 0 ? 'ok' : 'degraded',
    database,
    lastSweepAt: sweptAt === null ? null : toInstant(sweptAt),
    search,
    problems,
  }
}

/** The index has a database of its own, so its failure is a problem of its own. */
async function readSearch(ctx: Ctx, problems: string[]): Promise<Health['search']> {
  try {
    const { lagMs, isRebuilding } = await readLag(ctx)
    if (lagMs > INDEX_BEHIND_AFTER_MS) {
      problems.push(`The search index is ${Math.round(lagMs / MINUTE_MS)} minutes behind.`)
    }
    return { behindSeconds: Math.round(lagMs / SECOND_MS), rebuilding: isRebuilding }
  } catch (error) {
    ctx.log.error('health: the search index does not answer', { error })
    problems.push('The search index does not answer.')
    return null
  }
}
