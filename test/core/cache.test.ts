import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { app } from '../../src/app.ts'
import { cachedForASecond, isMatch } from '../../src/core/cache.ts'
import type { Bindings } from '../../src/core/context.ts'
import { descriptionOf } from '../../src/core/openapi.ts'
import worker from '../../src/index.ts'
import type { Method } from '../harness/client.ts'
import { failingDatabase } from '../harness/faults.ts'
import { expectLogged } from '../harness/log.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { as, at, NOW, type Staged, stageDraft, stageRaffle, useClock } from '../raffles/scenario.ts'

useClock()

interface Asked {
  by?: Person
  headers?: Record<string, string>
  /** Settings and bindings that replace the worker's own. */
  bindings?: Record<string, unknown>
  method?: Method
}

/** Reads as one of a crowd: what another has just read may be shared. */
const read = (path: string, { by, headers = {}, bindings, method = 'GET' }: Asked = {}) =>
  as(by ?? null, method, path, undefined, {
    headers,
    bindings: { SHARE_READS_MS: '1000', ...bindings } as Partial<Bindings>,
  })

/** Reads while no query can be made. So only what is kept can be the answer. */
const readKept = (path: string, { bindings, ...asked }: Asked = {}) =>
  read(path, { ...asked, bindings: { ...bindings, DB: failingDatabase('D1_ERROR: the disk is on fire') } })

async function expectQuery(path: string, asked: Asked = {}): Promise<void> {
  expectLogged('unexpected error')
  expect((await readKept(path, asked)).status, path).toBe(500)
}

let staged: Staged
let one: string

beforeEach(async () => {
  staged = await stageRaffle()
  one = `/raffles/${staged.id}`
})

describe('a public read', () => {
  it('is made once for a crowd, for a second', async () => {
    const first = await read(one)
    at(NOW + 499)
    const second = await readKept(one)
    expect(second.body).toEqual(first.body)
    at(NOW + 1_000)
    await expectQuery(one)
  })

  it('has the headers of its own request', async () => {
    const bindings = { CORS_ORIGINS: 'https://a.example, https://b.example' }
    const ask = (origin: string) => read(one, { headers: { origin }, bindings })
    const [a, b, none] = [await ask('https://a.example'), await ask('https://b.example'), await readKept(one)]
    expect(a.headers.get('access-control-allow-origin')).toBe('https://a.example')
    expect(b.headers.get('access-control-allow-origin')).toBe('https://b.example')
    expect(none.headers.get('access-control-allow-origin')).toBeNull()
    expect(b.headers.get('vary')?.toLowerCase().split(', ').sort()).toEqual([
      'authorization',
      'origin',
      'x-tombola-bookmark',
    ])
    const ids = [a, b, none].map(({ headers }) => headers.get('x-request-id'))
    expect(new Set(ids).size).toBe(3)
    for (const { headers } of [a, b, none]) {
      expect(headers.get('cache-control')).toBe('public, max-age=1')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-type')).toMatch(/^application\/json/)
    }
  })

  it('is one read however its parameters are written, and another for another value', async () => {
    const list = `/raffles?organisationId=${staged.organisation.id}`
    const first = await read(list)
    for (const same of ['&limit=20', '&sort=-createdAt&limit=20', '&q=', '&status=&limit=20']) {
      expect((await readKept(list + same)).body).toEqual(first.body)
    }
    expect((await readKept(`/raffles?limit=20&organisationId=${staged.organisation.id}`)).body).toEqual(
      first.body,
    )
    await expectQuery(`${list}&limit=21`)
  })

  it('by HEAD has the headers of GET and no body', async () => {
    const get = await read(one)
    const head = await read(one, { method: 'HEAD' })
    expect(head.status).toBe(200)
    for (const name of ['etag', 'content-type', 'cache-control', 'vary']) {
      expect(head.headers.get(name), name).toBe(get.headers.get(name))
    }
  })
})

describe('what is kept', () => {
  it('is never given to a request with a token or a cookie', async () => {
    await read(one)
    await expectQuery(`${one}/availability`)
    await read(`${one}/availability`)
    await expectQuery(`${one}/availability`, { by: await registerPlayer() })
    await expectQuery(one, { by: staged.operator })
    await expectQuery(one, { headers: { cookie: 'any=1' } })
    expect((await readKept(one, { headers: { authorization: 'Bearer nonsense' } })).status).toBe(401)
  })

  it('never comes from a request with a token or a cookie', async () => {
    await read(one, { by: await registerPlayer() })
    await read(one, { headers: { cookie: 'any=1' } })
    await expectQuery(one)
  })

  it('has no draft, though a member has just read it', async () => {
    const draft = await stageDraft()
    const path = `/raffles/${draft.id}`
    const list = `/raffles?organisationId=${draft.organisation.id}`
    const by = draft.operator
    expect((await read(path, { by })).status).toBe(200)
    expect((await read(list, { by })).body.data).toHaveLength(1)
    expect((await read(path)).status).toBe(404)
    expect((await read(list)).body.data).toHaveLength(0)
    expect((await read(list, { by })).body.data).toHaveLength(1)
  })

  it('is no error: a raffle is found as soon as it is published', async () => {
    const draft = await stageDraft()
    const path = `/raffles/${draft.id}`
    expect((await read(path)).status).toBe(404)
    await as(draft.operator, 'POST', `${path}/publish`)
    expect((await read(path)).status).toBe(200)
  })

  it('is only of public routes', () => {
    const marked = app.routes.filter(({ handler }) => handler === cachedForASecond)
    expect(marked.length).toBeGreaterThan(15)
    for (const { method, path } of marked) {
      const descriptions = app.routes
        .filter((route) => route.method === method && route.path === path)
        .flatMap(({ handler }) => descriptionOf(handler) ?? [])
      expect(descriptions, path).toHaveLength(1)
      expect(['none', 'optional'], path).toContain(descriptions[0]!.auth)
      expect(method, path).toBe('GET')
    }
  })
})

describe('a reader that has the answer already', () => {
  it('gets 304 without a body', async () => {
    const { headers } = await read(one)
    const etag = headers.get('etag')!
    expect(etag).toMatch(/^W\/"[\w-]{22}"$/)
    const again = await readKept(one, { headers: { 'if-none-match': etag } })
    expect(again.status).toBe(304)
    expect(again.body).toBe('')
    expect(again.headers.get('etag')).toBe(etag)
    expect(again.headers.get('cache-control')).toBe('public, max-age=1')
    expect(again.headers.get('x-request-id')).not.toBe(headers.get('x-request-id'))
  })

  it('gets the answer again once it has changed', async () => {
    const etag = (await read(one)).headers.get('etag')!
    await as(staged.operator, 'PUT', one, { description: 'With more prizes.' })
    at(NOW + 1_000)
    const again = await read(one, { headers: { 'if-none-match': etag } })
    expect(again.status).toBe(200)
    expect(again.headers.get('etag')).not.toBe(etag)
  })

  it('gets 304 of an answer that is not kept too', async () => {
    const etag = (await as(null, 'GET', one)).headers.get('etag')!
    const again = await as(null, 'GET', one, undefined, { headers: { 'if-none-match': etag } })
    expect(again.status).toBe(304)
  })

  it.each([
    ['W/"a"', true],
    ['"a"', true],
    ['"b", W/"a"', true],
    ['*', true],
    ['W/"b"', false],
    ['a', false],
    ['', false],
    [undefined, false],
  ])('is recognised by If-None-Match, compared weakly: %s', (sent, expected) => {
    expect(isMatch(sent, 'W/"a"')).toBe(expected)
  })
})

describe('the door of a crowd', () => {
  const shared = { ...env, SHARE_READS_MS: '1000' } as unknown as Bindings
  const address = (path: string) => `http://localhost:8787/api/v1${path}`
  const ask = async (path: string, init: RequestInit = {}) => {
    const viaApp = vi.spyOn(app, 'fetch')
    const response = await worker.fetch(new Request(address(path), init), shared, createExecutionContext())
    const headers = Object.fromEntries(response.headers)
    const asked = {
      status: response.status,
      headers,
      body: await response.text(),
      isOfApp: viaApp.mock.calls.length > 0,
    }
    viaApp.mockRestore()
    return asked
  }

  it('gives the answer of the app, with every header, and a request id of its own', async () => {
    const first = await ask(one)
    const second = await ask(one)
    expect([first.isOfApp, second.isOfApp]).toEqual([true, false])
    expect(second.body).toBe(first.body)
    const { 'x-request-id': firstId, ...expected } = first.headers
    const { 'x-request-id': secondId, ...headers } = second.headers
    expect(headers).toEqual(expected)
    expect(secondId).toMatch(/^[0-9a-f-]{36}$/)
    expect(secondId).not.toBe(firstId)
  })

  it('answers 304 as the app does', async () => {
    const { etag } = (await ask(one)).headers
    const init = { headers: { 'if-none-match': etag! } }
    const known = await ask(one, init)
    expect([known.status, known.isOfApp, known.body]).toEqual([304, false, ''])
    at(NOW + 600)
    const again = await ask(one, init)
    expect(again.isOfApp).toBe(true)
    const { 'x-request-id': _, ...headers } = known.headers
    expect(again.headers).toMatchObject(headers)
    expect(Object.keys(again.headers).sort()).toEqual(Object.keys(known.headers).sort())
  })

  it('is closed once the answer must be read again', async () => {
    await ask(one)
    at(NOW + 499)
    expect((await ask(one)).isOfApp).toBe(false)
    at(NOW + 500)
    expect((await ask(one)).isOfApp).toBe(true)
    expect((await ask(one)).isOfApp).toBe(false)
  })

  it.each(['authorization', 'cookie', 'origin', 'x-tombola-bookmark'])(
    'is closed for a request with the header %s',
    async (name) => {
      await ask(one)
      expect((await ask(one, { headers: { [name]: 'any' } })).isOfApp).toBe(true)
    },
  )

  it('is closed for other methods and other addresses', async () => {
    await ask(one)
    expect((await ask(one, { method: 'HEAD' })).isOfApp).toBe(true)
    expect((await ask(one, { method: 'DELETE' })).isOfApp).toBe(true)
    expect((await ask(`${one}?`)).isOfApp).toBe(true)
    expect((await ask(`${one}/availability`)).isOfApp).toBe(true)
  })

  it('never opens for what is not public', async () => {
    for (let turn = 0; turn < 2; turn++) {
      expect((await ask('/users/me')).isOfApp).toBe(true)
      expect((await ask('/raffles/raffle_01k00000000000000000000000')).isOfApp).toBe(true)
    }
  })
})

describe('a deployment that shares no reads', () => {
  it('makes each of them', async () => {
    const bindings = { SHARE_READS_MS: '0' }
    await read(one, { bindings })
    await expectQuery(one, { bindings })
  })
})
