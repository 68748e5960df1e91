/**
 * When the index follows: right after a request that may have changed something, and each minute in the sweep. Only speed
 * depends on the first: changes are noted by the database itself, so the sweep misses none.
 */
import type { MiddlewareHandler } from 'hono'
import { type AppEnv, type Ctx, createContext } from '../core/context.ts'
import { databaseReason } from '../core/database.ts'
import { SECOND_MS } from '../core/time.ts'
import { followChanges, purgeChanges } from './follow-changes.ts'

/** Addresses under which organisers work. Buying and checking in change nothing that a search shows. */
const ORGANISERS =
  /^\/api\/v1\/(?:events|raffles|series|products|categories|organisations)(?:\/|$)(?!.*\/(?:grants|check-ins)(?:\/|$))/

const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** After a request, and in the sweep. */
const MOST_MS_AFTER_REQUEST = 5 * SECOND_MS
const MOST_MS_IN_SWEEP = 10 * SECOND_MS

export const keepSearchInStep: MiddlewareHandler<AppEnv> = async function keepSearchInStep(c, next) {
  await next()
  if (READS.has(c.req.method) || c.res.status >= 400 || !ORGANISERS.test(c.req.path)) return
  c.executionCtx.waitUntil(followSoon(c.get('ctx')))
}

/** In this isolate: when the last follower began, null: none is under way; and whether it must look once more. */
const here: { since: number | null; again: boolean } = { since: null, again: false }

/**
 * One follower in an isolate is enough: whoever comes meanwhile asks it to look once more. Race: a follower may die with
 * its request. After a while nobody waits for it.
 */
async function followSoon({ env, settings, requestId, log }: Ctx): Promise<void> {
  const now = Date.now()
  if (here.since !== null && Math.abs(now - here.since) < MOST_MS_AFTER_REQUEST) {
    here.again = true
    return
  }
  here.since = now
  try {
    do {
      here.again = false
      await followChanges(createContext(env, settings, Date.now(), requestId), MOST_MS_AFTER_REQUEST)
    } while (here.again && Math.abs(Date.now() - now) < MOST_MS_AFTER_REQUEST)
  } catch (error) {
    log.warn('search: the index is not in step yet', { reason: databaseReason(error) })
  } finally {
    here.since = null
  }
}

/** The job of the sweep. */
export async function sweepSearch(ctx: Ctx): Promise<void> {
  await followChanges(ctx, MOST_MS_IN_SWEEP)
  await purgeChanges(ctx)
}
