/** Validates requests: a wrapper around @hono/zod-validator that also keeps the schema for the API document. */
import { zValidator } from '@hono/zod-validator'
import type { Context, ValidationTargets } from 'hono'
import * as z from 'zod'
import { type FieldError, notFound, Problem, validationFailed } from './errors.ts'
import { readQuery, rememberQuery } from './query.ts'
import './validation-messages.ts'

type Issue = z.core.$ZodIssue

/** Bounds the response; more errors would not help the client. */
const MAX_FIELD_ERRORS = 50

/** A schema's issues as the field errors of a problem document. */
export const fieldErrors = (error: z.core.$ZodError): FieldError[] =>
  error.issues.flatMap((issue) => fieldsOf(issue, [])).slice(0, MAX_FIELD_ERRORS)

/** An unknown field is reported under its own name. For a union, only the member that the client meant is reported. */
function fieldsOf(issue: Issue, within: PropertyKey[]): FieldError[] {
  const path = [...within, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a known field' }))
  }
  const meant = issue.code === 'invalid_union' ? memberMeant(issue.errors) : undefined
  if (meant !== undefined) return meant.flatMap((each) => fieldsOf(each, path))
  return [{ path: path.join('.'), message: issue.message }]
}

/** The issues of the one union member that knows every sent field; undefined if none or several members do. */
function memberMeant(members: Issue[][]): Issue[] | undefined {
  const isOther = ({ code, path }: Issue) =>
    code === 'unrecognized_keys' || (code === 'invalid_type' && path.length === 0)
  const [meant, ...others] = members.filter((issues) => !issues.some(isOther))
  return others.length === 0 ? meant : undefined
}

/** What a validator reads: a part of the request, its schema and, for a body, an example. */
export interface RouteInput {
  target: keyof ValidationTargets
  schema: z.ZodType
  example: unknown
}

/** Each validator's input, for the API document. */
const inputs = new WeakMap<object, RouteInput>()
export const inputOf = (handler: object): RouteInput | undefined => inputs.get(handler)

/**
 * Checks one part of a request (`json`, `query`, `param`, `header`, `form`) against `schema`. Throws 422 with every
 * wrong field. A malformed id in a path is 404, like an unknown id. A body needs an `example` for the API document.
 * An empty
 * parameter of a query counts as not sent; unknown ones were refused before (`refuseUnknownParameters`). Use only this,
 * never `zValidator` itself, so that the document cannot miss an input.
 */
export function validate<Target extends keyof ValidationTargets, Schema extends z.ZodType>(
  target: Target,
  schema: Schema,
  ...[example]: Target extends 'json' ? [example: unknown] : []
) {
  const read = (
    target === 'query' ? z.preprocess((sent) => readQuery(schema, sent as never), schema) : schema
  ) as Schema
  const validator = zValidator(target, read, (result) => {
    if (result.success) return
    throw target === 'param' ? notFound('address') : validationFailed(fieldErrors(result.error))
  })
  const checked: typeof validator = async (c, next) => {
    if (target === 'json') await requireJson(c)
    return validator(c, next)
  }
  if (target === 'query') rememberQuery(checked, schema)
  inputs.set(checked, { target, schema, example })
  return checked
}

const JSON_TYPE = /^application\/json\s*(;|$)/i

/**
 * The validator reads a body of another type as empty and reports missing fields; 415 names the real error. An empty
 * body of any type counts as `{}`: valid if every field is optional, else 422 names the required fields.
 */
async function requireJson(c: Context): Promise<void> {
  const isJson = JSON_TYPE.test(c.req.header('content-type') ?? '')
  // `text()` of any other type makes the platform log a warning.
  const length = isJson ? (await c.req.text()).length : (await c.req.arrayBuffer()).byteLength
  if (length === 0) Object.assign(c.req.bodyCache, { text: Promise.resolve('{}') })
  else if (!isJson) throw new Problem('unsupported_media_type', 'Send the body as application/json.')
}

/** Adds the schema of a form to the API document, for a `handler` that parses the form itself. */
export function describeForm<Handler extends object>(handler: Handler, schema: z.ZodType, example: unknown) {
  inputs.set(handler, { target: 'form', schema, example })
  return handler
}
