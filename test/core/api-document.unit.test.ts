/** The OpenAPI document, as a client generator reads it. */
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { describe, expect, it } from 'vitest'
import { apiDocument } from '../../scripts/api-document/document.ts'
import { GLOSSARY } from '../../scripts/api-document/glossary.ts'
import { operationsOf } from '../../scripts/api-document/operations.ts'
import { TAGS } from '../../scripts/api-document/tags.ts'
import { app } from '../../src/app.ts'
import { ERROR_CODES, type ErrorCode } from '../../src/core/errors.ts'
import { descriptionOf, errorsOf } from '../../src/core/openapi.ts'

const BASE = '/api/v1'

interface Schema {
  $ref?: string
  type?: string
  description?: string
  required?: string[]
  properties?: Record<string, Schema>
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  additionalProperties?: Schema | boolean
  discriminator?: { propertyName: string; mapping: Record<string, string> }
}
interface Media {
  schema: Schema
  example?: unknown
  examples?: Record<string, unknown>
}
interface Response {
  $ref?: string
  description: string
  headers: Record<string, { $ref: string }>
  content?: Record<string, Media>
}
interface Parameter {
  $ref?: string
  in: string
  name: string
  description?: string
}
interface Described {
  operationId: string
  summary: string
  tags: string[]
  security: Record<string, string[]>[]
  parameters?: Parameter[]
  requestBody?: { required: boolean; content: Record<string, Media> }
  responses: Record<string, Response>
}
interface ApiDocument {
  openapi: string
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, Described>>
  components: Record<'schemas' | 'responses' | 'parameters' | 'headers' | 'securitySchemes', object> & {
    schemas: Record<string, Schema>
  }
}

const document = apiDocument(app) as unknown as ApiDocument
const operations = operationsOf(app)
const described = operations.map((operation) => {
  const { method, path } = operation
  return { ...operation, name: `${method.toUpperCase()} ${path}`, in: document.paths[path]![method]! }
})

/** What a reference leads to; anything else as it is. */
function resolve<Part extends { $ref?: string }>(part: Part): Part {
  if (part.$ref === undefined) return part
  const steps = part.$ref.slice('#/'.length).split('/')
  const found = steps.reduce<unknown>(
    (at, step) => (at as Record<string, unknown> | undefined)?.[step],
    document,
  )
  expect(found, part.$ref).toBeDefined()
  return found as Part
}

const schemaOf = (name: string): Schema => document.components.schemas[name]!

describe('the API document', () => {
  it('passes a linter without a warning', { timeout: 60_000 }, async () => {
    const config = await createConfig({
      extends: ['recommended-strict'],
      // Health and the signing keys read nothing of a request, so nothing in it can be wrong.
      rules: { 'operation-4xx-response': 'off' },
    })
    const problems = await lintFromString({ source: JSON.stringify(document), config })
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual(
      [],
    )
  })

  it('describes exactly the routes under /api/v1, each once', () => {
    const routes = app.routes
      .filter((each) => each.method !== 'ALL' && each.path.startsWith(BASE))
      .map((each) => `${each.method} ${each.path.replaceAll(/:([^/]+)/g, '{$1}')}`)
    expect(
      described
        .map((each) => each.name)
        .filter((name) => name.includes(` ${BASE}`))
        .sort(),
    ).toEqual([...new Set(routes)].sort())
    const descriptions = app.routes.filter((each) => descriptionOf(each.handler) !== undefined)
    expect(descriptions.length).toBe(described.length)
    for (const { method, path } of descriptions) expect(method, path).not.toBe('ALL')
  })

  it('names each operation by a verb of its own', () => {
    const ids = described.map((each) => each.in.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^[a-z]+([A-Z][a-z]*)+$/)
    expect(ids).toContain('publishRaffle')
  })

  it('gives each operation a summary, a described tag and a security scheme', () => {
    for (const { name, in: operation } of described) {
      expect(operation.summary, name).toMatch(/^[A-Z].*[^.]$/)
      expect(operation.tags, name).toHaveLength(1)
      expect(operation.security, name).toBeInstanceOf(Array)
      for (const scheme of operation.security.flatMap(Object.keys)) {
        expect(document.components.securitySchemes, name).toHaveProperty(scheme)
      }
    }
    const used = new Set(described.map((each) => each.in.tags[0]))
    expect([...used].sort()).toEqual(TAGS.map((each) => each.name).sort())
    for (const { description } of document.tags) expect(description).toMatch(/^[A-Z].*\.$/)
  })

  it('gives each operation one success, with a schema and an example if it has a body', () => {
    for (const { name, in: operation } of described) {
      const successes = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'))
      expect(successes, name).toHaveLength(1)
      const [status, { description, content }] = successes[0]!
      expect(description, name).toBeTruthy()
      expect(content === undefined, `${name}: a body unless 204`).toBe(status === '204')
      for (const media of Object.values(content ?? {})) {
        expect(media.example, `${name}: an example`).not.toBeUndefined()
      }
    }
  })

  it('has a name for each JSON body, so that a generated client has one too', () => {
    for (const { name, in: operation } of described) {
      const bodies = [operation.requestBody, ...Object.values(operation.responses).map(resolve)]
      for (const [type, { schema }] of bodies.flatMap((each) => Object.entries(each?.content ?? {}))) {
        if (type.includes('json')) expect(schema.$ref, name).toMatch(/^#\/components\/schemas\/[A-Z]\w+$/)
      }
    }
  })

  it('has examples that the schemas of the routes accept', () => {
    for (const { name, description, inputs } of described) {
      const { schema, example } = description.success
      expect(schema?.safeParse(example).error?.issues, name).toBeUndefined()
      for (const { target, schema, example } of inputs) {
        if (target !== 'json' && target !== 'form') continue
        expect(example, `${name}: an example`).not.toBeUndefined()
        expect(schema.safeParse(example).error?.issues, name).toBeUndefined()
      }
    }
  })

  it('shares the errors of all operations: each status and code, as a problem document', () => {
    for (const { name, description, in: operation } of described) {
      const errors = Object.entries(operation.responses).filter(([status]) => status >= '400')
      const codes = errors.flatMap(([status, { $ref }]) => {
        expect($ref, `${name} ${status}`).toMatch(/^#\/components\/responses\/\w+$/)
        const { examples } = resolve({ $ref } as Response).content!['application/problem+json']!
        for (const code of Object.keys(examples!)) {
          expect(ERROR_CODES[code as ErrorCode].status, `${name} ${code}`).toBe(Number(status))
        }
        return Object.keys(examples!)
      })
      expect(codes.sort(), name).toEqual(errorsOf(description).sort())
    }
  })

  it('gives each operation with a body the errors of a wrong body', () => {
    const withBody = described.filter((each) => each.in.requestBody !== undefined)
    expect(withBody.length).toBeGreaterThan(40)
    for (const { name, method, in: operation } of withBody) {
      expect(['post', 'put', 'patch'], name).toContain(method)
      expect(Object.keys(operation.responses), name).toEqual(
        expect.arrayContaining(['400', '413', '415', '422']),
      )
    }
  })

  it('requires a body only if one of its fields is required', () => {
    const required = new Map(described.map((each) => [each.in.operationId, each.in.requestBody?.required]))
    expect(required.get('createRaffle')).toBe(true)
    expect(required.get('logIn')).toBe(true)
    expect(required.get('closeRaffle')).toBe(false)
    expect(required.get('updateRaffle')).toBe(false)
  })

  it('lets a client leave out what has a default, and promises it in the answer', () => {
    const { required: sent = [], properties } = schemaOf('CreateRaffle')
    expect(sent).toContain('title')
    for (const name of ['tags', 'minTickets', 'earning', 'timeZone']) {
      expect(properties).toHaveProperty(name)
      expect(sent).not.toContain(name)
      expect(schemaOf('Raffle').required).toContain(name)
    }
    expect(schemaOf('EarningInputOrder').required).toEqual(['per'])
    expect(schemaOf('EarningOrder').required).toEqual(expect.arrayContaining(['per', 'minAmount']))
  })

  it('tells the members of each choice apart by a field that must be sent', () => {
    const choices = Object.entries(document.components.schemas).filter(([, { oneOf }]) => oneOf !== undefined)
    expect(choices.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        'Cadence',
        'CreateProduct',
        'Earning',
        'EarningInput',
        'NewPrize',
        'Prize',
        'Product',
      ]),
    )
    for (const [name, { oneOf, discriminator }] of choices) {
      const { propertyName, mapping } = discriminator!
      expect(oneOf!.map((each) => each.$ref).sort(), name).toEqual(Object.values(mapping).sort())
      for (const [value, $ref] of Object.entries(mapping)) {
        const { required, properties } = resolve<Schema>({ $ref })
        expect(required, $ref).toContain(propertyName)
        expect(properties![propertyName], $ref).toMatchObject({ const: value })
      }
    }
    // A choice anywhere else would have no name.
    const everywhere = [...JSON.stringify(document).matchAll(/"oneOf":/g)].length
    expect(everywhere).toBe(choices.length)
  })

  it('names the headers of each answer', () => {
    for (const { name, description, isCached, in: operation } of described) {
      for (const [status, response] of Object.entries(operation.responses)) {
        const { headers } = resolve(response)
        const has = (header: string) => header in headers
        const where = `${name} ${status}`
        expect(has('X-Request-Id'), where).toBe(true)
        expect(has('Location'), where).toBe(status === '201')
        expect(has('Retry-After'), where).toBe(status === '429' || status === '503')
        expect(has('WWW-Authenticate'), where).toBe(status === '401')
        expect(has('ETag'), where).toBe(isCached && (status === '200' || status === '304'))
        const isCounted = description.limits !== undefined && status.startsWith('2')
        expect(has('RateLimit-Policy'), where).toBe(isCounted || status === '429')
        for (const each of Object.values(headers)) expect(resolve(each)).toHaveProperty('description')
      }
      const names = (operation.parameters ?? []).map((each) => resolve(each).name)
      expect(names.includes('If-None-Match'), name).toBe(isCached)
      expect(names.includes('Idempotency-Key'), name).toBe(description.idempotent === true)
    }
    expect(described.filter((each) => each.isCached).length).toBeGreaterThan(10)
  })

  it('names the limits of each route that counts requests', () => {
    const counting = app.routes.filter(({ handler }) => handler.name === 'rateLimited')
    expect(counting.length).toBeGreaterThan(8)
    for (const { method, path } of counting) {
      const { description } = described.find(
        (each) => each.name === `${method} ${path.replaceAll(/:([^/]+)/g, '{$1}')}`,
      )!
      expect(description.limits, `${method} ${path}`).toBeDefined()
    }
  })

  it('describes each field and each parameter in a sentence', () => {
    const missing: string[] = []
    const check = (where: string, description: string | undefined) => {
      if (!/^[A-Z0-9`].*[.!]$/s.test(description ?? '')) missing.push(`${where}: ${description}`)
    }
    const walk = (where: string, schema: Schema): void => {
      for (const [name, field] of Object.entries(schema.properties ?? {})) {
        check(`${where}.${name}`, field.description)
        walk(`${where}.${name}`, field)
      }
      const { items, anyOf = [], oneOf = [], additionalProperties } = schema
      for (const each of [items, ...anyOf, ...oneOf, additionalProperties]) {
        if (typeof each === 'object') walk(where, each)
      }
    }
    for (const [name, schema] of Object.entries(document.components.schemas)) walk(name, schema)
    for (const { name, in: operation } of described) {
      for (const each of operation.parameters ?? []) check(`${name} ${each.name}`, resolve(each).description)
    }
    expect(missing).toEqual([])
  })

  it('uses every word of the glossary', () => {
    const used = new Set<string | symbol>()
    const watched = new Proxy(GLOSSARY, {
      get(words, key) {
        used.add(key)
        return Reflect.get(words, key)
      },
    })
    apiDocument(app, watched)
    expect(Object.keys(GLOSSARY).filter((key) => !used.has(key))).toEqual([])
  })

  it('describes a number as one and several values as a list, though both are written as text', () => {
    const query = (operationId: string, name: string) =>
      described
        .find((each) => each.in.operationId === operationId)!
        .in.parameters!.find((each) => each.name === name)
    expect(query('listOrders', 'limit')).toMatchObject({
      in: 'query',
      schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    })
    expect(query('listOrders', 'status')).toMatchObject({
      in: 'query',
      schema: { type: 'array', items: { enum: expect.arrayContaining(['pending', 'paid']) } },
    })
    for (const { name, in: operation } of described) {
      for (const each of operation.parameters ?? []) {
        if (each.in === 'query') expect(each, name).not.toMatchObject({ required: true })
      }
    }
  })

  it('describes every parameter of a path', () => {
    for (const { name, path, in: operation } of described) {
      const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1])
      const parameters = (operation.parameters ?? []).map(resolve).filter((each) => each.in === 'path')
      expect(parameters.map((each) => each.name).sort(), name).toEqual(inPath.sort())
    }
  })
})
