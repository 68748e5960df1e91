/** The validation messages of every schema. Each continues the field's name: "quantity: must be a whole number". */
import * as z from 'zod'

type Issue = z.core.$ZodRawIssue
/** A value of an enum or a literal schema. */
type Literal = z.util.Primitive

const TYPES: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

const FORMATS: Record<string, string> = {
  datetime: 'a time with its offset, such as 2026-11-20T20:00:00+03:00',
  date: 'a date such as 2026-11-20',
  e164: 'a phone number with its country code, such as +254712345678',
  email: 'an e-mail address',
  url: 'a web address such as https://raffles.example',
}

z.config({ customError: messageOf })

function messageOf(issue: Issue): string {
  if (issue.code !== 'custom' && issue.input === undefined) return 'is required'
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPES[isWhole(issue) ? 'int' : issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return oneOf(issue.values)
    case 'invalid_union':
      return oneOf((issue.options ?? []) as Literal[])
    case 'too_small':
      return bound(issue.origin, issue.minimum, issue.inclusive ? 'at least' : 'above')
    case 'too_big':
      return bound(issue.origin, issue.maximum, issue.inclusive ? 'at most' : 'below')
    case 'invalid_format':
      return issue.format in FORMATS ? `must be ${FORMATS[issue.format]}` : 'has the wrong format'
    default:
      return 'is not valid'
  }
}

/** Whether the schema is an integer, so that any other type gets the message "must be a whole number". */
const isWhole = ({ inst }: Issue): boolean => inst instanceof z.ZodNumber && inst.isInt

function oneOf(values: readonly Literal[]): string {
  const known = values.filter((value) => value !== undefined).map(String)
  if (known.length === 0) return 'is not an allowed value'
  return known.length === 1 ? `must be ${known[0]}` : `must be one of ${known.join(', ')}`
}

function bound(origin: string, limit: number | bigint, how: string): string {
  if (origin !== 'string' && origin !== 'array') return `must be ${how} ${limit}`
  if (how === 'at least' && limit === 1) return 'must not be empty'
  const [one, many] = origin === 'string' ? ['character', 'characters'] : ['entry', 'entries']
  return `must have ${how} ${limit} ${limit === 1 ? one : many}`
}
