/** Addresses without a route: a file, 404, or 405 with `Allow` if the path exists under other methods. */
import type { Context, Hono } from 'hono'
import type { AppEnv } from './context.ts'
import { Problem } from './errors.ts'
import { respondWithProblem } from './problem-response.ts'

/** What is at an address that no route has: a response; the methods that it allows; or nothing. */
export type Elsewhere = (
  c: Context<AppEnv>,
) => Promise<{ response: Response } | { allowed: readonly string[] } | null>

/** Hono's `notFound` handler for `app`. The first miss builds the table of paths. */
export function createNotFound(app: Hono<AppEnv>, elsewhere: Elsewhere) {
  let routes: { method: string; pattern: RegExp }[] | undefined
  return async (c: Context<AppEnv>): Promise<Response> => {
    routes ??= app.routes
      .filter((route) => route.method !== 'ALL')
      .map((route) => ({ method: route.method, pattern: toPattern(route.path) }))
    const allowed = routes.filter((r) => r.pattern.test(c.req.path)).map((r) => r.method)
    if (allowed.length > 0) return methodNotAllowed(c, allowed)
    const found = await elsewhere(c)
    if (found === null) {
      return respondWithProblem(new Problem('not_found', 'There is nothing at this address.'), c)
    }
    return 'response' in found ? found.response : methodNotAllowed(c, found.allowed)
  }
}

function methodNotAllowed(c: Context<AppEnv>, methods: readonly string[]): Response {
  // Whatever can be read by GET can be read by HEAD (RFC 9110 §9.3.2).
  const all = new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods)
  const allow = [...all].sort().join(', ')
  const response = respondWithProblem(
    new Problem('method_not_allowed', `This address allows ${allow}, not ${c.req.method}.`),
    c,
  )
  response.headers.set('allow', allow)
  return response
}

const toPattern = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:[^/]+/g, '[^/]+')}$`)
