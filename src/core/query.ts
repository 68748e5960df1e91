/** Query parameters: which ones a route takes, empty ones, and choices of several values. */
import type { Context } from 'hono'
import { matchedRoutes, routePath } from 'hono/route'
import * as z from 'zod'
import { validationFailed } from './errors.ts'
import { readWhole } from './whole-number.ts'

/** The schema of each validator of a query. */
const schemas = new WeakMap<object, z.ZodObject>()

/** Notes for `refuseUnknownParameters` which parameters a validator lets through. */
export const rememberQuery = (validator: object, schema: z.ZodType): void => {
  if (!(schema instanceof z.ZodObject)) throw new TypeError('The schema of a query must be an object.')
  schemas.set(validator, schema)
}

/**
 * Refuses a parameter that no validator of the matched route knows: a misspelt filter must not return everything. A route
 * without such a validator takes none.
 */
export function refuseUnknownParameters(c: Context): void {
  if (!c.req.url.includes('?')) return
  const path = routePath(c)
  const known = matchedRoutes(c)
    .filter((route) => route.path === path)
    .flatMap(({ handler }) => Object.keys(schemas.get(handler)?.shape ?? {}))
  const unknown = Object.keys(c.req.queries()).filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  const message =
    known.length === 0 ? 'is unknown: this address takes no parameters' : `is not one of ${known.join(', ')}`
  throw validationFailed(unknown.slice(0, MOST_ERRORS).map((name) => ({ path: name, message })))
}

/** Bounds the response; more errors would not help the client. */
const MOST_ERRORS = 50

/**
 * What was sent, in the types of `schema`: a whole number for a number, and for a list its values, separated by commas or
 * repeated. A search form sends its empty fields too: an empty parameter counts as not sent.
 */
export function readQuery(
  schema: z.ZodType,
  sent: Record<string, string | string[]>,
): Record<string, unknown> {
  const read: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(sent)) {
    const field = schema instanceof z.ZodObject ? bare(schema.shape[name]) : undefined
    const values = [value].flat().filter((text) => text !== '')
    if (values.length === 0) continue
    if (field instanceof z.ZodArray) read[name] = values.flatMap((text) => text.split(','))
    else read[name] = field instanceof z.ZodNumber ? readWhole(value) : value
  }
  return read
}

/** A schema without its default, and whether it is optional or not. */
function bare(schema: unknown): unknown {
  let inner = schema
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault) inner = inner.unwrap()
  return inner
}

/** One or several of the values of `choice`: `status=open,closed` or `status=open&status=closed`. */
export const AnyOf = <Choice extends z.ZodEnum>(choice: Choice) =>
  z
    .array(choice)
    .min(1)
    .max(choice.options.length)
    .overwrite((values) => [...new Set(values)])
    .meta({ description: 'One of them, or several: separated by commas, or as repeated parameters.' })
