/** The worker's environment for a request or a sweep, with some bindings replaced. */
import { env } from 'cloudflare:workers'
import type { Bindings } from '../../src/core/context.ts'

/** A replaced database must see every write, so it has no writer in front of it. */
export const environment = (bindings: Partial<Bindings> = {}): Bindings => ({
  ...env,
  ...bindings,
  ...(bindings.DB === undefined || bindings.DB === env.DB ? {} : { DATABASE_WRITER: undefined }),
})
