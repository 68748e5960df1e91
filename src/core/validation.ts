/** Validation at the door: one wrapper round @hono/zod-validator that also carries its schema into the API document. */
import { zValidator } from '@hono/zod-validator'
import type { Context, ValidationTargets } from 'hono'
import { resolver, uniqueSymbol } from 'hono-openapi'
import type * as z from 'zod'
import { type FieldError, notFound, Problem } from './errors.ts'

/** More complaints than these help nobody; the rest is left out. */
const MAX_FIELD_ERRORS = 50

/** A schema's complaints as the fields of a problem document; a field that is unknown is one under its own name. */
export function fieldErrors(error: z.core.$ZodError): FieldError[] {
  const errors = error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key].join('.'), message: 'is not a known field' }))
      : [{ path: issue.path.join('.'), message: issue.message }],
  )
  return errors.slice(0, MAX_FIELD_ERRORS)
}

export const validationFailed = (errors: FieldError[]): Problem =>
  new Problem(
    'validation_failed',
    errors.map((each) => (each.path === '' ? each.message : `${each.path}: ${each.message}`)).join('; '),
    { errors },
  )

/**
 * Checks one part of a request (`json`, `query`, `param`, `header`, `form`) against `schema`: 422 names every
 * wrong field; a path whose ids cannot be any is 404, as one whose ids nobody has. Use only this, never `zValidator`
 * itself, so that the API document cannot miss an input.
 */
export function validate<Target extends keyof ValidationTargets, Schema extends z.ZodType>(
  target: Target,
  schema: Schema,
) {
  const validator = zValidator(target, schema, (result) => {
    if (result.success) return
    throw target === 'param' ? notFound('address') : validationFailed(fieldErrors(result.error))
  })
  const guarded: typeof validator = (c, next) => {
    if (target === 'json') requireJson(c)
    return validator(c, next)
  }
  return Object.assign(guarded, { [uniqueSymbol]: { target, ...resolver(schema, { io: 'input' }) } })
}

/** A body of another type would be read as an empty one and blamed on its fields; say what is wrong instead. */
function requireJson(c: Context): void {
  const type = c.req.header('content-type') ?? ''
  // No body at all is an empty one: enough where every field may be left out, and 422 names them elsewhere.
  if (type === '' && c.req.raw.body === null) return
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new Problem('unsupported_media_type', 'Send the body as application/json.')
  }
}

/** Carries the schema of a form that `handler` reads by itself into the API document. */
export const describeForm = <Handler extends object>(handler: Handler, schema: z.ZodType) =>
  Object.assign(handler, {
    [uniqueSymbol]: {
      target: 'form' as const,
      ...resolver(schema, { io: 'input' }),
      options: { media: 'application/x-www-form-urlencoded' },
    },
  })
