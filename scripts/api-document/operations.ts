/** Reads every described route of an app: what it takes, what it answers, and which middleware it has. */
import type { Hono } from 'hono'
import { cachedForASecond } from '../../src/core/cache.ts'
import type { AppEnv } from '../../src/core/context.ts'
import { descriptionOf, type RouteDescription } from '../../src/core/openapi.ts'
import { inputOf, type RouteInput } from '../../src/core/validation.ts'

export interface Operation {
  /** In lower case, as in a path item. */
  method: string
  /** With braces: `/api/v1/raffles/{id}`. */
  path: string
  description: RouteDescription
  /** Bodies and parameters, in the order in which the route reads them. */
  inputs: RouteInput[]
  /** Whether the answer has an `ETag` and may be kept for a second. */
  isCached: boolean
}

/** A route appears in `app.routes` once for each of its handlers, one after the other. */
export function operationsOf(app: Hono<AppEnv>): Operation[] {
  const operations = new Map<string, Operation>()
  for (const { method, path, handler } of app.routes) {
    const key = `${method} ${path}`
    const description = descriptionOf(handler)
    if (description !== undefined) {
      const braced = path.replaceAll(/:([^/]+)/g, '{$1}')
      const operation = {
        method: method.toLowerCase(),
        path: braced,
        description,
        inputs: [],
        isCached: false,
      }
      operations.set(key, operation)
    }
    const operation = operations.get(key)
    const input = inputOf(handler)
    if (input !== undefined) operation?.inputs.push(input)
    if (operation !== undefined && (handler as unknown) === cachedForASecond) operation.isCached = true
  }
  return [...operations.values()]
}
