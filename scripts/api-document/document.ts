/** The OpenAPI 3.1 document of an app. It is made when the worker is built, so that the worker need not make it. */
import type { Hono } from 'hono'
import type * as z from 'zod'
import manifest from '#package' with { type: 'json' }
import type { AppEnv } from '../../src/core/context.ts'
import { ProblemDocument } from '../../src/core/errors.ts'
import { EXAMPLE_RESERVATION_ID } from '../../src/core/examples.ts'
import type { RouteInput } from '../../src/core/validation.ts'
import { explainParameter, explainSchemas, type Parameter } from './explain.ts'
import { GLOSSARY } from './glossary.ts'
import { type Operation, operationsOf } from './operations.ts'
import { HEADERS, NOT_MODIFIED, responsesOf } from './responses.ts'
import { type Json, type Schemas, schemasOf } from './schemas.ts'
import { TAGS } from './tags.ts'

const MEDIA = { json: 'application/json', form: 'application/x-www-form-urlencoded' } as const
const isBody = ({ target }: RouteInput) => target in MEDIA

const INTRODUCTION = `Raffles, lucky draws, event tickets and a shop.

Errors are problem documents (RFC 9457) with a \`code\` from a closed list. Lists are paged with \`limit\` and \`cursor\`. Money is integer minor units beside its currency. Times are ISO 8601. Texts are one line without control characters, unless they say otherwise.

Caches may keep only public reads that say so: every other response is \`no-store\`. Those that may be kept for a second have an \`ETag\`, and answer 304 to a request whose \`If-None-Match\` has it.

After a change the answer has a header \`X-Tombola-Bookmark\`. Send the last one that you got with your next reads: they may then come from a copy of the data near you, and show at least what you changed. It is opaque, and never necessary: without it, a signed-in reader reads the original.

Routes that sign in, send mail or sell count requests. Their answers have a \`RateLimit-Policy\`. Above a limit the answer is 429, and \`Retry-After\` is the whole period.`

const SECURITY: Record<Operation['description']['auth'], Record<string, string[]>[]> = {
  none: [],
  user: [{ bearer: [] }],
  optional: [{}, { bearer: [] }],
  key: [{ apiKey: [] }],
  'user-or-key': [{ bearer: [] }, { apiKey: [] }],
}

const PARAMETERS = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: true,
    description:
      'You choose it: 1 to 128 printable characters without spaces. A retry with the same key and body has the same result.',
    schema: { type: 'string', minLength: 1, maxLength: 128, pattern: '^[!-~]+$' },
    example: '5f0c6f0e-2c5b-4f39-9d1e-1c6b0a4a5e11',
  },
  Bookmark: {
    name: 'X-Tombola-Bookmark',
    in: 'header',
    description: 'The last bookmark that you got. The answer shows at least what you changed before it.',
    schema: { type: 'string', maxLength: 512 },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'The `ETag` of the content that you have.',
    schema: { type: 'string' },
  },
}

export function apiDocument(app: Hono<AppEnv>, glossary: Readonly<Record<string, string>> = GLOSSARY): Json {
  const operations = operationsOf(app)
  const schemas = schemasOf({
    input: operations.flatMap(({ inputs }) => inputs.map((input) => input.schema)),
    output: operations.flatMap(({ description: { success, foreign } }) =>
      [ProblemDocument, success.schema, foreign?.schema].filter((each) => each !== undefined),
    ),
  })
  explainSchemas(schemas.components, glossary)
  const responses: Record<string, Json> = { NotModified: NOT_MODIFIED }
  const paths: Record<string, Json> = {}
  for (const operation of operations) {
    paths[operation.path] ??= {}
    paths[operation.path]![operation.method] = present(operation, schemas, responses, glossary)
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Tombola',
      version: manifest.version,
      description: INTRODUCTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This deployment.' }],
    tags: TAGS,
    paths,
    components: {
      schemas: schemas.components,
      responses,
      parameters: PARAMETERS,
      headers: HEADERS,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The `access_token` of a login.',
        },
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'tk_…',
          description: 'An API key of an organisation, for its own programs.',
        },
      },
    },
  }
}

function present(
  operation: Operation,
  schemas: Schemas,
  responses: Record<string, Json>,
  glossary: Readonly<Record<string, string>>,
): Json {
  const { description, inputs, isCached } = operation
  const own = inputs.filter((input) => !isBody(input)).flatMap((input) => parametersOf(input, schemas))
  for (const each of own) explainParameter(each, description.operation, glossary)
  const parameters = [
    ...own,
    ...(description.idempotent ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
    ...(isCached ? [{ $ref: '#/components/parameters/IfNoneMatch' }] : []),
    ...(operation.method === 'get' ? [{ $ref: '#/components/parameters/Bookmark' }] : []),
  ]
  const bodies = inputs.filter(isBody)
  return {
    operationId: description.operation,
    summary: description.summary,
    ...(description.description === undefined ? {} : { description: description.description }),
    tags: [description.tag],
    security: SECURITY[description.auth],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(bodies.length === 0 ? {} : { requestBody: bodyOf(bodies, schemas) }),
    responses: responsesOf(operation, schemas, responses),
  }
}

/** Examples of path parameters that are no ids. */
const PATH_EXAMPLES: Record<string, string> = {
  currency: 'KES',
  date: '2027-01-05',
  door: 'webhook',
  eventId: 'evt_1',
  orderRef: 'A-1042',
  provider: 'sandbox',
  token: 'a-token-that-the-provider-knows',
}
const ID_PATTERN = /^\^([a-z]+)_/

/** Every example names the same things, so the ids of all kinds end alike. */
function exampleOf(name: string, { pattern, anyOf }: Parameter['schema']): string | undefined {
  const prefix = ID_PATTERN.exec(pattern ?? anyOf?.[0]?.pattern ?? '')?.[1]
  if (prefix === undefined) return PATH_EXAMPLES[name]
  const id = `${prefix}_01kaf1q7v8fmk9m2q0c8w1g6ne`
  return id.startsWith('res_') ? EXAMPLE_RESERVATION_ID : id
}

/** The fields of a path's or a query's schema, each as a parameter. */
function parametersOf({ target, schema }: RouteInput, schemas: Schemas): Parameter[] {
  const { properties = {}, required = [] } = schemas.of('input', schema) as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: target === 'param' ? 'path' : target,
    ...(required.includes(name) ? { required: true } : {}),
    ...(description === undefined ? {} : { description: String(description) }),
    schema: rest,
    ...(target === 'param' ? { example: exampleOf(name, rest) } : {}),
  }))
}

/** JSON comes first where a route also takes a form. A body of which every field is optional is optional. */
function bodyOf(bodies: RouteInput[], schemas: Schemas): Json {
  const sorted = bodies.toSorted((one, other) => (one.target > other.target ? -1 : 1))
  return {
    required: !bodies.some(({ schema }) => (schema as z.ZodType).safeParse({}).success),
    content: Object.fromEntries(
      sorted.map(({ target, schema, example }) => [
        MEDIA[target as keyof typeof MEDIA],
        { schema: schemas.of('input', schema), example },
      ]),
    ),
  }
}
