/** The only way to call a pool's object: it retries after a reset, and turns refusals into problems. */
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import type { Location } from '../core/locations.ts'
import type { PoolObject } from './object/pool-object.ts'
import type { Outcome, Refusal } from './pool-contract.ts'

/** The pool's methods. Their arguments and results are plain values, so the class itself gives the types. */
type PoolStub = Omit<PoolObject, 'alarm' | 'database'>

/** The field of a request that passes the challenge. */
export const CHALLENGE_FIELD = 'turnstileToken'

/** The field of a request that says how it is paid. */
export const PAYMENT_FIELD = 'payment'

const MAX_TRIES = 3
const FIRST_PAUSE_MS = 50

/** Where a pool is. The first call of all makes its object, near `poolLocation`. Later calls need only its name. */
export interface PoolPlace {
  pool: string
  poolLocation: Location | null
}

/**
 * Calls a pool. A stub that threw stays broken, so each try uses a new one. An overloaded object is not
 * called again, since retries would add to its load. Retrying is safe: every method of a pool is idempotent.
 */
export async function askPool<Answer>(
  ctx: Ctx,
  place: string | PoolPlace,
  ask: (pool: PoolStub) => Promise<Answer>,
): Promise<Answer> {
  const namespace = ctx.env.TICKET_POOL
  const { pool, poolLocation } = typeof place === 'string' ? { pool: place, poolLocation: null } : place
  const hint = poolLocation ?? ctx.settings.POOL_LOCATION_HINT
  const options = hint === undefined ? undefined : { locationHint: hint }
  // The pool writes its rows to D1 by itself, so no bookmark of this request names them.
  ctx.position.noteWrite(null)
  for (let attempt = 1; ; attempt++) {
    try {
      const stub = namespace.getByName(pool, options)
      return await ask(stub as unknown as PoolStub)
    } catch (error) {
      const { retryable, durableObjectReset, overloaded } = error as Record<string, unknown>
      if (overloaded || attempt === MAX_TRIES || !(retryable || durableObjectReset)) throw error
      await new Promise((resume) => setTimeout(resume, FIRST_PAUSE_MS * 2 ** (attempt - 1)))
    }
  }
}

/** Returns an accepted outcome, and throws a refusal as the problem that the client reads. */
export function orThrow<Value>(outcome: Outcome<Value>): { ok: true } & Value {
  if (outcome.ok) return outcome
  throw new Problem(outcome.code, outcome.detail, {
    ...(outcome.numbers === undefined ? {} : { numbers: outcome.numbers }),
    ...(outcome.code === 'validation_failed'
      ? { errors: [{ path: fieldOf(outcome), message: outcome.detail }] }
      : {}),
  })
}

function fieldOf({ rule, needsPayment }: Refusal): string {
  if (needsPayment) return PAYMENT_FIELD
  return rule === 'challenge' ? CHALLENGE_FIELD : ''
}
