/** The answers of an operation: its success, the errors that all operations share, and their headers. */
import { ERROR_CODES, type ErrorCode, ProblemDocument } from '../../src/core/errors.ts'
import { errorsOf } from '../../src/core/openapi.ts'
import type { Operation } from './operations.ts'
import type { Json, Schemas } from './schemas.ts'

const header = (name: string): Json => ({ $ref: `#/components/headers/${name}` })

/** Header objects by the header's name. */
export const HEADERS = {
  'X-Request-Id': {
    description: 'The id of this request in our log. Quote it when you report an error.',
    schema: { type: 'string' },
    example: '6b1f0e0a-3a61-4f0a-9a55-0d6b3d1c9c11',
  },
  Location: {
    description: 'The path of what was created.',
    schema: { type: 'string', format: 'uri-reference' },
    example: '/api/v1/raffles/raffle_01kaf1q7v8fmk9m2q0c8w1g6ne',
  },
  ETag: {
    description:
      'Identifies this content. Send it back as `If-None-Match`; if it is still the same, the answer is 304.',
    schema: { type: 'string' },
    example: 'W/"5f0c6f0e2c5b4f39"',
  },
  'Cache-Control': {
    description: 'How long a cache may keep the answer.',
    schema: { type: 'string' },
    example: 'public, max-age=1',
  },
  'Retry-After': {
    description: 'The seconds to wait before the next try.',
    schema: { type: 'integer', minimum: 1 },
    example: 60,
  },
  'RateLimit-Policy': {
    description:
      'Each limit that the request counts against: its name, the requests that it allows (`q`), and the seconds that it counts (`w`). Sent in production.',
    schema: { type: 'string' },
    example: '"sign-in";q=10;w=60',
  },
  'X-Tombola-Bookmark': {
    description: 'Names the state that this answer comes from, after a change. Send it with your next reads.',
    schema: { type: 'string', maxLength: 512 },
  },
  'WWW-Authenticate': {
    description: 'The scheme to authenticate with.',
    schema: { type: 'string', const: 'Bearer' },
    example: 'Bearer',
  },
} as const satisfies Record<string, Json>

const EVERY = { 'X-Request-Id': header('X-Request-Id') }

const CACHED = { ETag: header('ETag'), 'Cache-Control': header('Cache-Control') }

export const NOT_MODIFIED: Json = {
  description: 'The content that you have is still the same.',
  headers: { ...EVERY, ...CACHED },
}

/** The responses of one operation. A shared error is added to `shared`, by its name. */
export function responsesOf(
  { description, isCached, method }: Operation,
  schemas: Schemas,
  shared: Record<string, Json>,
): Json {
  const responses: Json = {
    [description.success.status]: successOf(description, isCached, method === 'get', schemas),
  }
  if (isCached) responses['304'] = { $ref: '#/components/responses/NotModified' }
  const byStatus = Map.groupBy(errorsOf(description), (code) => ERROR_CODES[code].status)
  for (const [status, codes] of byStatus) {
    const foreign = description.foreign?.status === status ? description.foreign : undefined
    const name = foreign === undefined ? nameOfErrors(codes) : `${nameOfErrors(codes)}OrOAuthError`
    shared[name] ??= errorResponse(codes, schemas, foreign)
    responses[status] = { $ref: `#/components/responses/${name}` }
  }
  return responses
}

function successOf(
  { success, limits }: Operation['description'],
  isCached: boolean,
  isRead: boolean,
  schemas: Schemas,
): Json {
  const { schema, example, media } = success
  const content =
    media !== undefined
      ? { [media]: { schema: { type: 'string' }, example } }
      : schema !== undefined
        ? { 'application/json': { schema: schemas.of('output', schema), example } }
        : undefined
  return {
    description: success.description,
    headers: {
      ...EVERY,
      ...(success.status === 201 ? { Location: header('Location') } : {}),
      ...(isCached ? CACHED : {}),
      ...(isRead ? {} : { 'X-Tombola-Bookmark': header('X-Tombola-Bookmark') }),
      ...(limits === undefined ? {} : { 'RateLimit-Policy': header('RateLimit-Policy') }),
    },
    ...(content === undefined ? {} : { content }),
  }
}

/** `InvalidStateOrConflict` for `invalid_state` and `conflict`. */
const nameOfErrors = (codes: readonly ErrorCode[]): string =>
  codes.map((code) => code.replaceAll(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase())).join('Or')

function errorResponse(
  codes: readonly ErrorCode[],
  schemas: Schemas,
  foreign: Operation['description']['foreign'],
): Json {
  const descriptions = codes.map((code) => `\`${code}\`: ${ERROR_CODES[code].title}`)
  if (foreign !== undefined) descriptions.push(foreign.description)
  const { status } = ERROR_CODES[codes[0]!]
  return {
    description: `${descriptions.join('. ')}.`,
    headers: {
      ...EVERY,
      ...(status === 401 ? { 'WWW-Authenticate': header('WWW-Authenticate') } : {}),
      ...(status === 429 || status === 503 ? { 'Retry-After': header('Retry-After') } : {}),
      ...(status === 429 ? { 'RateLimit-Policy': header('RateLimit-Policy') } : {}),
    },
    content: {
      ...(foreign === undefined
        ? {}
        : {
            'application/json': {
              schema: schemas.of('output', foreign.schema),
              example: foreign.example,
            },
          }),
      'application/problem+json': {
        schema: schemas.of('output', ProblemDocument),
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleProblem(code) }])),
      },
    },
  }
}

const exampleProblem = (code: ErrorCode) => ({
  type: `urn:tombola:problem:${code}`,
  title: ERROR_CODES[code].title,
  status: ERROR_CODES[code].status,
  detail: `${ERROR_CODES[code].title}.`,
  code,
  requestId: '6b1f0e0a-3a61-4f0a-9a55-0d6b3d1c9c11',
})
