/** The only way tests call the API: through the worker's own routes. Every response must match what its route declares. */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { exports } from 'cloudflare:workers'
import { expect } from 'vitest'
import { app } from '../../src/app.ts'
import type { Bindings } from '../../src/core/context.ts'
import { ERROR_CODES, ProblemDocument } from '../../src/core/errors.ts'
import { descriptionOf, errorsOf, type RouteDescription } from '../../src/core/openapi.ts'
import { environment } from './environment.ts'

const ORIGIN = 'http://localhost:8787'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | 'HEAD' | 'PROPFIND'

export interface CallOptions {
  /** Sent as JSON. */
  body?: unknown
  /** Sent as a form. */
  form?: Record<string, string> | URLSearchParams
  /** Sent unchanged; `headers` sets its content type. */
  raw?: BodyInit
  /** An access token. */
  token?: string
  headers?: Record<string, string>
  /** Bindings that replace the worker's own, such as an exhausted limiter or a failing database. */
  bindings?: Partial<Bindings>
}

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: checked against the route's schema at run time
  body: any
  headers: Headers
}

/** Calls the API. Fails on any response that the route's description does not allow. */
export async function call(method: Method, path: string, options: CallOptions = {}): Promise<Answer> {
  // The platform hands requests to a worker without following redirects for it.
  const request = new Request(`${ORIGIN}${path}`, { method, redirect: 'manual', ...contentOf(options) })
  const response = await send(request, options.bindings)
  const text = await response.text()
  const isJson = /^application\/([a-z]+\+)?json/.test(response.headers.get('content-type') ?? '')
  const body = isJson && method !== 'HEAD' ? JSON.parse(text) : text
  const answer = { status: response.status, body, headers: response.headers }
  checkAnswer(request, answer)
  return answer
}

function contentOf({ body, form, raw, token, headers = {} }: CallOptions): RequestInit {
  const sent = new Headers(headers)
  if (token !== undefined) sent.set('authorization', `Bearer ${token}`)
  if (body === undefined) return { headers: sent, body: raw ?? (form && new URLSearchParams(form)) }
  if (!sent.has('content-type')) sent.set('content-type', 'application/json')
  return { headers: sent, body: JSON.stringify(body) }
}

/** The deployed worker takes no other bindings, so a call with other bindings goes to its app directly. */
async function send(request: Request, bindings: Partial<Bindings> | undefined): Promise<Response> {
  if (bindings === undefined) return exports.default.fetch(request)
  const context = createExecutionContext()
  const response = await app.fetch(request, environment(bindings), context)
  await waitOnExecutionContext(context)
  return response
}

interface Operation {
  method: string
  path: string
  pattern: RegExp
  description: RouteDescription
}

/** Every described route of the app, in the order that the router tries them. */
export const operations: readonly Operation[] = app.routes.flatMap((route) => {
  const description = descriptionOf(route.handler)
  return description === undefined
    ? []
    : [{ method: route.method, path: route.path, pattern: toPattern(route.path), description }]
})

function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:[^/]+/g, '[^/]+')}$`)
}

function checkAnswer({ method, url, headers }: Request, answer: Answer): void {
  const path = new URL(url).pathname
  const where = `${method} ${path} → ${answer.status}`
  if (path.startsWith('/api/') || answer.status >= 400) {
    expect(answer.headers.get('x-request-id'), where).toBeTruthy()
  }
  const routed = method === 'HEAD' ? 'GET' : method
  const operation = operations.find((each) => each.method === routed && each.pattern.test(path))
  const isPublic = !headers.has('authorization') && answer.status < 400 && !needsToken(operation)
  const caching = isPublic ? /^(no-store|public, .+)$/ : /^no-store$/
  expect(answer.headers.get('cache-control'), `${where}: Cache-Control`).toMatch(caching)
  if (answer.status === 304) {
    expect(answer.body, where).toBe('')
    expect(answer.headers.get('etag'), where).toBeTruthy()
  } else if (method === 'HEAD') {
    expect(answer.body, where).toBe('')
    if (answer.status >= 400) expect(answer.headers.get('content-type'), where).toBe(PROBLEM)
  } else if (answer.status >= 400) {
    checkError(where, operation?.description, answer)
  } else if (operation !== undefined) {
    checkSuccess(where, operation.description, answer)
  }
}

const PROBLEM = 'application/problem+json'
const ERRORS_WITHOUT_ROUTE = ['not_found', 'method_not_allowed', 'payload_too_large', 'unavailable']

const needsToken = (operation: Operation | undefined): boolean =>
  operation !== undefined && !['none', 'optional'].includes(operation.description.auth)

function checkSuccess(where: string, { success }: RouteDescription, { status, body, headers }: Answer): void {
  expect(status, `${where}: the declared status`).toBe(success.status)
  const type = headers.get('content-type') ?? ''
  if (success.media !== undefined) {
    expect(type.split(';')[0], `${where}: the declared media type`).toBe(success.media.split(';')[0])
  } else if (success.schema === undefined) {
    expect(body, `${where}: no body`).toBe('')
  } else {
    expect(type, where).toMatch(/^application\/json/)
    const parsed = success.schema.safeParse(body)
    expect(parsed.error?.issues, `${where}: the body fits the declared schema`).toBeUndefined()
  }
  if (status === 201) expect(headers.get('location'), `${where}: Location`).toMatch(/^\//)
}

function checkError(where: string, description: RouteDescription | undefined, answer: Answer): void {
  const { status, body, headers } = answer
  const foreign = description?.foreign
  if (foreign?.status === status && headers.get('content-type')?.startsWith('application/json')) {
    expect(foreign.schema.safeParse(body).error?.issues, where).toBeUndefined()
    return
  }
  expect(headers.get('content-type'), where).toBe(PROBLEM)
  const problem = ProblemDocument.parse(body)
  expect(problem.status, where).toBe(status)
  expect(ERROR_CODES[problem.code].status, where).toBe(status)
  expect(problem.requestId, where).toBe(headers.get('x-request-id'))
  if (status === 429 || status === 503) expect(Number(headers.get('retry-after')), where).toBeGreaterThan(0)
  const allowed = description === undefined ? ERRORS_WITHOUT_ROUTE : errorsOf(description)
  expect(allowed, `${where}: a declared error`).toContain(problem.code)
}
