import { type resolver, uniqueSymbol } from 'hono-openapi'
import { beforeAll, describe, expect, it } from 'vitest'
import { app } from '../../src/app.ts'
import { descriptionOf } from '../../src/core/openapi.ts'
import { call, operations } from '../harness/client.ts'

const BASE = '/api/v1'
const METHODS_WITH_BODY = ['post', 'put', 'patch']

interface Media {
  schema?: Record<string, unknown>
  example?: unknown
}
interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  security?: Record<string, string[]>[]
  parameters?: { in: string; name: string }[]
  requestBody?: { required: boolean; content: Record<string, Media> }
  responses: Record<string, { description?: string; content?: Record<string, Media> }>
}
interface RouteBody {
  schema: ReturnType<typeof resolver>
  example: unknown
}
interface RouteSpec {
  requestBody?: { content: Record<string, RouteBody> }
}
interface ApiDocument {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> }
}

let document: ApiDocument
let described: { name: string; path: string; method: string; operation: Operation }[]

beforeAll(async () => {
  document = (await call('GET', '/openapi.json')).body
  described = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      method,
      operation,
    })),
  )
})

/** The routes under /api/v1 as `METHOD path`, without middleware. */
function routesOf(): Set<string> {
  const routes = app.routes.filter((each) => each.method !== 'ALL' && each.path.startsWith(BASE))
  return new Set(routes.map((each) => `${each.method} ${each.path.replaceAll(/:([^/]+)/g, '{$1}')}`))
}

/** The request bodies of all routes, with the schemas that the routes use. */
function routeBodies(): { name: string; body: RouteBody }[] {
  return app.routes.flatMap(({ method, path, handler }) => {
    const content = (handler as { [uniqueSymbol]?: { spec?: RouteSpec } })[uniqueSymbol]?.spec?.requestBody
      ?.content
    return Object.values(content ?? {}).map((body) => ({ name: `${method} ${path}`, body }))
  })
}

describe('the API document', () => {
  it('is OpenAPI 3.1 and describes at least one operation', () => {
    expect(document.openapi).toMatch(/^3\.1\./)
    expect(described.length).toBeGreaterThan(0)
  })

  it('describes exactly the routes of the app', () => {
    const inDocument = described.map((each) => each.name).filter((name) => name.includes(` ${BASE}`))
    expect(inDocument.sort()).toEqual([...routesOf()].sort())
  })

  it('has one description per route', () => {
    const names = operations.map((each) => `${each.method} ${each.path}`)
    expect(new Set(names).size).toBe(names.length)
    for (const route of app.routes.filter((each) => descriptionOf(each.handler) !== undefined)) {
      expect(route.method, route.path).not.toBe('ALL')
    }
  })

  it('gives every operation its own id', () => {
    const ids = described.map((each) => each.operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('gives each operation a summary, a tag and a security scheme', () => {
    for (const { name, operation } of described) {
      expect(operation.summary, name).toMatch(/^[A-Z].*[^.]$/)
      expect(operation.tags, name).toHaveLength(1)
      expect(operation.security, name).toBeInstanceOf(Array)
      for (const scheme of operation.security!.flatMap(Object.keys)) {
        expect(document.components.securitySchemes, name).toHaveProperty(scheme)
      }
    }
  })

  it('gives each operation one success, with a schema and an example if it has a body', () => {
    for (const { name, operation } of described) {
      const successes = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'))
      expect(successes, name).toHaveLength(1)
      const [status, { description, content }] = successes[0]!
      expect(description, name).toBeTruthy()
      expect(content === undefined, `${name}: a body unless 204`).toBe(status === '204')
      for (const media of Object.values(content ?? {})) {
        expect(media.schema, name).toBeTruthy()
        expect(media.example, `${name}: an example`).not.toBeUndefined()
      }
    }
  })

  it('has response examples that match their schemas', () => {
    for (const { method, path, description } of operations) {
      const { schema, example } = description.success
      if (schema === undefined) continue
      expect(schema.safeParse(example).error?.issues, `${method} ${path}`).toBeUndefined()
    }
  })

  it('lists the errors of each operation as problem documents, by status and code', () => {
    for (const { name, operation } of described) {
      const errors = Object.entries(operation.responses).filter(([status]) => !status.startsWith('2'))
      const statuses = errors.map(([status]) => status)
      const always = operation.security?.length === 0 ? ['500', '503'] : ['401', '500', '503']
      expect(statuses, name).toEqual(expect.arrayContaining(always))
      for (const [status, { description, content }] of errors) {
        const example = content?.['application/problem+json']?.example
        expect(description, `${name} ${status}`).toMatch(/`[a-z_]+`/)
        expect(example, `${name} ${status}`).toMatchObject({ status: Number(status) })
      }
    }
  })

  it('gives each operation with a body its schema and the errors of a wrong body', () => {
    for (const { name, operation } of described.filter((each) => each.operation.requestBody)) {
      for (const media of Object.values(operation.requestBody!.content)) {
        expect(media.schema, name).toBeTruthy()
      }
      expect(Object.keys(operation.responses), name).toEqual(
        expect.arrayContaining(['400', '413', '415', '422']),
      )
    }
    for (const { name, method, operation } of described) {
      if (operation.requestBody !== undefined) expect(METHODS_WITH_BODY, name).toContain(method)
    }
  })

  it('requires a body only if one of its fields is required', () => {
    const required = new Map(described.map(({ name, operation }) => [name, operation.requestBody?.required]))
    expect(required.get(`POST ${BASE}/raffles`)).toBe(true)
    expect(required.get(`POST ${BASE}/auth/login`)).toBe(true)
    expect(required.get(`POST ${BASE}/raffles/{id}/close`)).toBe(false)
    expect(required.get(`PUT ${BASE}/raffles/{id}`)).toBe(false)
  })

  it('gives each request body an example that matches its schema', async () => {
    for (const { name, operation } of described) {
      for (const media of Object.values(operation.requestBody?.content ?? {})) {
        expect(media.example, `${name}: an example`).not.toBeUndefined()
      }
    }
    const bodies = routeBodies()
    expect(bodies.length).toBeGreaterThan(40)
    for (const { name, body } of bodies) {
      const { issues } = await body.schema.validate(body.example)
      expect(issues, name).toBeUndefined()
    }
  })

  it('describes every parameter of a path', () => {
    for (const { name, path, operation } of described) {
      const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1])
      const parameters = (operation.parameters ?? []).filter((each) => each.in === 'path')
      expect(parameters.map((each) => each.name).sort(), name).toEqual(inPath.sort())
    }
  })

  it('describes a number as one and several values as a list, though both are written as text', () => {
    const query = (path: string, name: string) =>
      document.paths[BASE + path]!.get!.parameters!.find((each) => each.name === name)
    expect(query('/orders', 'limit')).toMatchObject({
      in: 'query',
      schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    })
    expect(query('/orders', 'status')).toMatchObject({
      in: 'query',
      schema: { type: 'array', items: { enum: expect.arrayContaining(['pending', 'paid']) } },
    })
    for (const { name, operation } of described) {
      for (const each of operation.parameters ?? []) {
        if (each.in === 'query') expect(each, name).not.toMatchObject({ required: true })
      }
    }
  })

  it('has no dangling references', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)]
    expect(references.length).toBeGreaterThan(0)
    for (const [, name] of references) expect(document.components.schemas).toHaveProperty(name!)
  })
})
