/**
 * The static pages and files in `assets/`. The platform could serve them before the worker runs, but then it would answer
 * another method with an empty 405. So the worker runs first and asks for the file itself.
 */
import { Problem } from '../core/errors.ts'
import type { Elsewhere } from '../core/method-not-allowed.ts'

const METHODS = ['GET', 'HEAD']

export const staticFile: Elsewhere = async function staticFile(c) {
  const canRead = METHODS.includes(c.req.method)
  const request = canRead ? c.req.raw : new Request(c.req.url, { method: 'HEAD', redirect: 'manual' })
  const file = await c.env.ASSETS.fetch(request)
  if (file.status >= 500) throw new Problem('unavailable', 'This file cannot be read now.')
  if (file.status >= 400) return null
  // A new response, because the headers of a fetched one cannot be changed.
  return canRead ? { response: c.newResponse(file.body, file) } : { allowed: METHODS }
}
