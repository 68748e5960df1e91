/** Unknown routes: 404, or 405 with `Allow` if the path exists under other methods. */
import type { Context, Hono } from 'hono'
import type { AppEnv } from './context.ts'
import { Problem } from './errors.ts'
import { respondWithProblem } from './problem-response.ts'

/** Hono's `notFound` handler for `app`. The first miss builds the table of paths. */
export function createNotFound(app: Hono<AppEnv>) {
  let routes: { method: string; pattern: RegExp }[] | undefined
  return (c: Context<AppEnv>): Response => {
    routes ??= app.routes
      .filter((route) => route.method !== 'ALL')
      .map((route) => ({ method: route.method, pattern: toPattern(route.path) }))
    const allowed = new Set(routes.filter((r) => r.pattern.test(c.req.path)).map((r) => r.method))
    if (allowed.size === 0) {
      return respondWithProblem(new Problem('not_found', 'There is nothing at this address.'), c)
    }
    const allow = [...allowed].sort().join(', ')
    const response = respondWithProblem(
      new Problem('method_not_allowed', `This address allows ${allow}, not ${c.req.method}.`),
      c,
    )
    response.headers.set('allow', allow)
    return response
  }
}

const toPattern = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:[^/]+/g, '[^/]+')}$`)
