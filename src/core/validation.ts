/** Validation at the door: one wrapper round @hono/zod-validator that also carries its schema into the API document. */
import { zValidator } from '@hono/zod-validator'
import type { Context, ValidationTargets } from 'hono'
import { resolver, uniqueSymbol } from 'hono-openapi'
import type * as z from 'zod'
import { type FieldError, notFound, Problem, validationFailed } from './errors.ts'
import './validation-messages.ts'

type Issue = z.core.$ZodIssue

/** More complaints than these help nobody; the rest is left out. */
const MAX_FIELD_ERRORS = 50

/** A schema's complaints as the fields of a problem document. */
export const fieldErrors = (error: z.core.$ZodError): FieldError[] =>
  error.issues.flatMap((issue) => fieldsOf(issue, [])).slice(0, MAX_FIELD_ERRORS)

/** A field that is unknown is one under its own name; of a union, only what was meant is complained about. */
function fieldsOf(issue: Issue, within: PropertyKey[]): FieldError[] {
  const path = [...within, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a known field' }))
  }
  const meant = issue.code === 'invalid_union' ? memberMeant(issue.errors) : undefined
  if (meant !== undefined) return meant.flatMap((each) => fieldsOf(each, path))
  return [{ path: path.join('.'), message: issue.message }]
}

/** The complaints of the only member of a union that is an object and knows every field; undefined where none or several are. */
function memberMeant(members: Issue[][]): Issue[] | undefined {
  const isOther = ({ code, path }: Issue) =>
    code === 'unrecognized_keys' || (code === 'invalid_type' && path.length === 0)
  const [meant, ...others] = members.filter((issues) => !issues.some(isOther))
  return others.length === 0 ? meant : undefined
}

/**
 * Checks one part of a request (`json`, `query`, `param`, `header`, `form`) against `schema`: 422 names every
 * wrong field; a path whose ids cannot be any is 404, as one whose ids nobody has. A body has an `example` for the API
 * document. Use only this, never `zValidator` itself, so that the document cannot miss an input.
 */
export function validate<Target extends keyof ValidationTargets, Schema extends z.ZodType>(
  target: Target,
  schema: Schema,
  ...[example]: Target extends 'json' ? [example: unknown] : []
) {
  const validator = zValidator(target, schema, (result) => {
    if (result.success) return
    throw target === 'param' ? notFound('address') : validationFailed(fieldErrors(result.error))
  })
  const guarded: typeof validator = async (c, next) => {
    if (target === 'json') await requireJson(c)
    return validator(c, next)
  }
  const inDocument = target === 'json' ? bodyOf('application/json', schema, example) : inputOf(target, schema)
  return Object.assign(guarded, { [uniqueSymbol]: inDocument })
}

const JSON_TYPE = /^application\/json\s*(;|$)/i

/**
 * A body of another type would be read as an empty one and blamed on its fields; say what is wrong instead. No body at
 * all, whatever its type, is `{}`: enough where every field may be left out, and 422 names them elsewhere.
 */
async function requireJson(c: Context): Promise<void> {
  const isJson = JSON_TYPE.test(c.req.header('content-type') ?? '')
  // Not `text()` of other types: the platform warns, for each, that it may not be one.
  const length = isJson ? (await c.req.text()).length : (await c.req.arrayBuffer()).byteLength
  if (length === 0) Object.assign(c.req.bodyCache, { text: Promise.resolve('{}') })
  else if (!isJson) throw new Problem('unsupported_media_type', 'Send the body as application/json.')
}

/** Carries the schema of a form that `handler` reads by itself into the API document. */
export const describeForm = <Handler extends object>(handler: Handler, schema: z.ZodType, example: unknown) =>
  Object.assign(handler, { [uniqueSymbol]: bodyOf('application/x-www-form-urlencoded', schema, example) })

const inputOf = (target: keyof ValidationTargets, schema: z.ZodType) => ({
  target,
  ...resolver(schema, { io: 'input' }),
})

/** A body in the API document; one whose fields may all be left out may be left out itself. */
const bodyOf = (media: string, schema: z.ZodType, example: unknown) => ({
  spec: {
    requestBody: {
      // Asked for with the document only: no worker has to wait for it to start.
      get required() {
        return !schema.safeParse({}).success
      },
      content: { [media]: { schema: resolver(schema, { io: 'input' }), example } },
    },
  },
})
