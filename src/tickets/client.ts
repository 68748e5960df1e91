/** The one door to the pools' objects: a fresh stub a try, idempotent calls repeated after a reset, refusals as problems. */
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import type { PoolObject } from './object/pool-object.ts'
import type { Outcome } from './pool-contract.ts'

/** What a pool can be asked: only plain values cross, so its own methods are the types. */
type PoolDoor = Omit<PoolObject, 'alarm' | 'database'>

const MAX_TRIES = 3
const FIRST_PAUSE_MS = 50

/**
 * Asks the pool named `pool`. A stub that threw stays broken, so each try takes a new one; an overloaded object is
 * never asked again, as that would only make it worse. Everything that a pool can be asked is idempotent.
 */
export async function askPool<Answer>(
  ctx: Ctx,
  pool: string,
  ask: (pool: PoolDoor) => Promise<Answer>,
): Promise<Answer> {
  const namespace = ctx.env.TICKET_POOL
  const hint = ctx.settings.POOL_LOCATION_HINT
  const options = hint === undefined ? undefined : { locationHint: hint }
  for (let attempt = 1; ; attempt++) {
    try {
      const stub = namespace.getByName(pool, options)
      return await ask(stub as unknown as PoolDoor)
    } catch (error) {
      const { retryable, durableObjectReset, overloaded } = error as Record<string, unknown>
      if (overloaded || attempt === MAX_TRIES || !(retryable || durableObjectReset)) throw error
      await new Promise((resume) => setTimeout(resume, FIRST_PAUSE_MS * 2 ** (attempt - 1)))
    }
  }
}

/** The value of an outcome; a refusal becomes the problem that the client reads. */
export function orThrow<Value>(outcome: Outcome<Value>): { ok: true } & Value {
  if (outcome.ok) return outcome
  throw new Problem(outcome.code, outcome.detail, {
    ...(outcome.numbers === undefined ? {} : { numbers: outcome.numbers }),
    ...(outcome.code === 'validation_failed' ? { errors: [{ path: '', message: outcome.detail }] } : {}),
  })
}
