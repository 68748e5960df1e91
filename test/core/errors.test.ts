import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { newApiKey } from '../../src/accounts/api-key.ts'
import { app } from '../../src/app.ts'
import type { AppEnv } from '../../src/core/context.ts'
import { Problem, ProblemDocument } from '../../src/core/errors.ts'
import { newId } from '../../src/core/ids.ts'
import type { RouteDescription } from '../../src/core/openapi.ts'
import { respondToError } from '../../src/core/problem-response.ts'
import { requestContext } from '../../src/core/request.ts'
import { type CallOptions, call, type Method, operations } from '../harness/client.ts'
import { failingDatabase, forgetfulDatabase } from '../harness/faults.ts'
import { allowLogged, expectLogged, logged } from '../harness/log.ts'
import { registerPlayer, signedInAdmin, uniqueEmail } from '../harness/people.ts'

const LOGIN = '/api/v1/auth/login'
const CREDENTIALS = { email: 'amina@example.com', password: 'correct horse battery' }

afterEach(() => {
  vi.restoreAllMocks()
})

describe('an address that does not exist', () => {
  it.each(['/api/v1/nothing', '/nothing', '/api/v1/', '/api/v1/users/me/nothing'])(
    'returns 404 for %s',
    async (path) => {
      const { status, body } = await call('GET', path)
      expect(status).toBe(404)
      expect(body.code).toBe('not_found')
    },
  )
})

describe('a method that an address does not allow', () => {
  it('returns 405 and names the allowed methods', async () => {
    const { status, body, headers } = await call('DELETE', '/api/v1/users/me')
    expect(status).toBe(405)
    expect(body.code).toBe('method_not_allowed')
    expect(headers.get('allow')).toBe('GET, HEAD, PUT')
  })

  it('returns 405 on an address with a parameter too', async () => {
    const { status, headers } = await call('GET', '/api/v1/users/anybody/status')
    expect(status).toBe(405)
    expect(headers.get('allow')).toBe('PUT')
  })

  it.each(['OPTIONS', 'PROPFIND'] as const)('returns 405 for %s on every route', async (method) => {
    for (const { method: routed, path } of operations) {
      const { status, headers } = await call(method, filled(path, 'anything'))
      expect(status, path).toBe(405)
      expect(headers.get('allow')!.split(', '), path).toContain(routed)
    }
  })
})

describe('HEAD', () => {
  it('has the status and headers of GET on every route, and no body', async () => {
    for (const { path } of operations.filter(({ method }) => method === 'GET')) {
      const where = filled(path, newId('raffle'))
      const [read, head] = [await call('GET', where), await call('HEAD', where)]
      expect(head.status, path).toBe(read.status)
      for (const name of ['content-type', 'cache-control']) {
        expect(head.headers.get(name), `${path} ${name}`).toBe(read.headers.get(name))
      }
    }
  })

  it('returns 405 where there is no GET', async () => {
    const { status, headers } = await call('HEAD', LOGIN)
    expect([status, headers.get('allow')]).toEqual([405, 'POST'])
  })
})

describe('an address with a malformed escape', () => {
  it.each(['%', '%zz', '%E0%A4%A', '%00', '%2e%2e%2f', '%C0%AF'])(
    'gets a problem on every route that has a parameter: %s',
    async (malformed) => {
      const { token } = await registerPlayer()
      for (const { method, path } of operations.filter((each) => each.path.includes(':'))) {
        const { status } = await call(method as Method, filled(path, malformed), { token })
        expect(status, `${method} ${path}`).toBeGreaterThanOrEqual(400)
        expect(status, `${method} ${path}`).toBeLessThan(500)
      }
    },
  )

  it.each(['/%', '/docs%', '/%E0%A4%A', '/api/v1/%zz', '/favicon.svg%00'])('gets 404: %s', async (path) => {
    for (const method of ['GET', 'POST', 'HEAD'] as const) {
      expect((await call(method, path)).status, method).toBe(404)
    }
  })
})

describe('a request body', () => {
  it.each(['{', '{"email":', 'nonsense', '{"email":"a@example.com",}'])(
    'gets 400 if it is not JSON: %s',
    async (raw) => {
      const answer = await call('POST', LOGIN, { raw, headers: { 'content-type': 'application/json' } })
      expect(answer.status).toBe(400)
      expect(answer.body.code).toBe('malformed_request')
    },
  )

  it.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/jsonp', ''])(
    'gets 415 for another content type: %s',
    async (type) => {
      const raw = new TextEncoder().encode(JSON.stringify(CREDENTIALS))
      const headers: Record<string, string> = type === '' ? {} : { 'content-type': type }
      const { status, body } = await call('POST', LOGIN, { raw, headers })
      expect(status).toBe(415)
      expect(body.code).toBe('unsupported_media_type')
    },
  )

  it('may have a character set in its content type', async () => {
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' }
    expect((await call('POST', LOGIN, { body: CREDENTIALS, headers })).status).toBe(401)
  })

  it.each<[string, CallOptions]>([
    ['missing', {}],
    ['announced as 0 bytes', { raw: '', headers: { 'content-length': '0' } }],
    ['empty JSON', { raw: '', headers: { 'content-type': 'application/json' } }],
    ['an empty form', { raw: '', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ['a stream that ends at once', { raw: new Blob([]).stream() }],
  ])('that is %s counts as {}, which is valid if every field is optional', async (_, empty) => {
    const { token, id } = await registerPlayer()
    expect((await call('PUT', '/api/v1/users/me', { token, ...empty })).body).toMatchObject({ id })
  })

  it('gets 422 if it is missing and fields are required, and names those fields', async () => {
    const { status, body } = await call('POST', LOGIN)
    expect(status).toBe(422)
    expect(body.errors.map((each: { path: string }) => each.path)).toEqual(['email', 'password'])
  })

  it.each([
    ['with its length announced', (text: string) => text],
    ['in pieces without a length', (text: string) => new Blob([text]).stream()],
  ])('gets 413 above 64 KiB, %s', async (_, raw) => {
    const text = JSON.stringify({ ...CREDENTIALS, padding: 'x'.repeat(64 * 1024) })
    const answer = await call('POST', LOGIN, {
      raw: raw(text),
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(413)
    expect(answer.body.code).toBe('payload_too_large')
  })

  it.each(['null', '[]', '"text"', '7'])('gets 422 if it is not an object: %s', async (raw) => {
    const answer = await call('POST', LOGIN, { raw, headers: { 'content-type': 'application/json' } })
    expect(answer.status).toBe(422)
  })

  it('gets 422 for unknown fields, which are named', async () => {
    const { status, body } = await call('POST', LOGIN, { body: { ...CREDENTIALS, remember: true, me: 1 } })
    expect(status).toBe(422)
    expect(body.code).toBe('validation_failed')
    expect(body.errors.map((each: { path: string }) => each.path)).toEqual(['remember', 'me'])
    expect(body.detail).toContain('remember')
  })

  it('gets 422 for several wrong fields, which are all named', async () => {
    const { body } = await call('POST', LOGIN, { body: { email: 'nobody', password: 7 } })
    expect(body.errors.map((each: { path: string }) => each.path)).toEqual(['email', 'password'])
  })

  it('is refused with a detail that names the wrong fields too', async () => {
    const missing = await call('POST', LOGIN, { body: { email: 'nobody' } })
    expect(missing.body.detail).toBe('email: must be an e-mail address; password: is required')
    const token = 'x'.repeat(43)
    const ruled = await call('POST', '/api/v1/auth/verify-email', { body: { token } })
    expect(ruled.body.detail).toBe('token: is invalid or has expired')
    const whole = await call('POST', LOGIN, { body: [] })
    expect(whole.body.detail).toBe('body: must be an object')
  })

  it('with a thousand unknown fields gets at most 50 errors', async () => {
    const fields = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`field${i}`, i]))
    const { body } = await call('POST', LOGIN, { body: fields })
    expect(body.errors).toHaveLength(50)
  })
})

describe('a query parameter', () => {
  /** Who may pass the door of a route. The key need not exist: it is looked up later. */
  const tokenFor = (auth: RouteDescription['auth'], user: string): string | undefined => {
    if (auth === 'key') return newApiKey().key
    return auth === 'none' || auth === 'optional' ? undefined : user
  }

  it('that is unknown gets 422 on every route but those to which others may add parameters', async () => {
    const { token } = await signedInAdmin()
    const open: string[] = []
    for (const { method, path, description } of operations) {
      const where = `${filled(path, newId('raffle'))}?stauts=open&limit`
      const answer = await call(method as Method, where, { token: tokenFor(description.auth, token) })
      if (answer.status === 422 && answer.body.errors[0].path === 'stauts') continue
      open.push(`${method} ${path}`)
    }
    expect(open).toEqual([
      'POST /api/v1/payments/:provider/:door',
      'POST /api/v1/payments/:provider/:door/:token',
    ])
  })

  it('that is unknown is refused with the names of the known ones', async () => {
    const { body } = await call('GET', '/api/v1/winners?status=claimed')
    expect(body.detail).toBe('status: is not one of limit, cursor, since, mine, needs')
    const none = await call('GET', `/api/v1/raffles/${newId('raffle')}?expand=prizes`)
    expect(none.body.detail).toBe('expand: is unknown: this address takes no parameters')
  })

  it('that is unknown is not reported to somebody who may not pass the door', async () => {
    expect((await call('GET', '/api/v1/users?role=admin')).status).toBe(401)
  })

  it('that is empty counts as not sent', async () => {
    const plain = await call('GET', '/api/v1/products?sort=-createdAt')
    const form = 'organisationId=&kind=&status=&currency=&minPrice=&maxPrice=&inStock=&q=&limit=&cursor='
    const answer = await call('GET', `/api/v1/products?sort=-createdAt&${form}`)
    expect(answer).toMatchObject({ status: 200, body: plain.body })
  })

  it.each(['1e1', '0x10', '+5', ' 5', '5 ', '05', '5.0', '٥', 'five', '1&limit=2'])(
    'must write a whole number with digits alone: limit=%s',
    async (text) => {
      const sent = text.includes('&') ? text : encodeURIComponent(text)
      const { status, body } = await call('GET', `/api/v1/raffles?limit=${sent}`)
      expect([status, body.detail]).toEqual([422, 'limit: must be a whole number'])
    },
  )

  it('that takes several values takes them with commas or repeated, and refuses an unknown one', async () => {
    for (const several of ['status=open,closed', 'status=open&status=closed', 'status=open,,&status=open']) {
      expect((await call('GET', `/api/v1/raffles?${several}`)).status, several).toBe(
        several.includes(',,') ? 422 : 200,
      )
    }
    const { body } = await call('GET', '/api/v1/raffles?status=open,opne')
    expect(body.errors).toMatchObject([
      { path: 'status.1', message: expect.stringContaining('must be one of') },
    ])
  })
})

describe('an error', () => {
  it('about a missing token comes before the body is read, so that refusals do not reveal the schema', async () => {
    const { status } = await call('PUT', '/api/v1/users/me', {
      raw: '{',
      headers: { 'content-type': 'text/plain' },
    })
    expect(status).toBe(401)
  })

  it('about a stale token is not raised by a public route, such as the refresh of that token', async () => {
    const { status, body } = await call('POST', '/api/v1/auth/refresh', {
      body: { refresh_token: 'nonsense' },
      token: 'nonsense',
    })
    expect(status).toBe(401)
    expect(body.detail).not.toContain('access token')
    expect((await call('GET', '/api/v1/draws/upcoming', { token: 'nonsense' })).status).toBe(200)
  })

  it('about a bad token is raised by a route whose token is optional', async () => {
    expect((await call('GET', '/api/v1/raffles', { token: 'nonsense' })).status).toBe(401)
  })

  it('quotes the platform’s own request id if there is one', async () => {
    const { body, headers } = await call('GET', '/nothing', { headers: { 'cf-ray': '8e1b2c3d4e5f-NBO' } })
    expect(body.requestId).toBe('8e1b2c3d4e5f-NBO')
    expect(headers.get('x-request-id')).toBe('8e1b2c3d4e5f-NBO')
  })
})

describe('a database failure', () => {
  it('returns 500 and shows no SQL in the response and no values in the log', async () => {
    expectLogged('unexpected error')
    const email = uniqueEmail()
    const { status, body } = await call('POST', LOGIN, {
      body: { email, password: 'a secret that nobody may see' },
      bindings: { DB: failingDatabase('D1_ERROR: no such column: nonsense: SQLITE_ERROR', /users/, env.DB) },
    })
    expect(status).toBe(500)
    expect(body.code).toBe('internal')
    for (const secret of [email, 'select', 'password_hash', 'nonsense', 'a secret']) {
      expect(JSON.stringify(body).toLowerCase()).not.toContain(secret)
    }
    const log = JSON.stringify(logged())
    expect(log).toContain('no such column')
    expect(log).toContain(body.requestId)
    expect(log).not.toContain(email)
    expect(log).not.toContain('a secret')
  })

  it('returns 503 if the database lacks migrations, and only the log names them and the command', async () => {
    expectLogged({
      message: 'the database lacks migrations',
      migrations: /^0000_initial\.sql, .*_suspensions\.sql/,
      command: 'npx wrangler d1 migrations apply DB --local',
    })
    allowLogged('the list of revoked tokens could not be read')
    const DB = failingDatabase('D1_ERROR: no such table: raffles: SQLITE_ERROR')
    const { token } = await registerPlayer()
    for (const [method, path] of [
      ['GET', '/api/v1/raffles?limit=3'],
      ['GET', '/api/v1/users/me'],
      ['GET', '/api/v1/orders'],
    ] as const) {
      const { status, body, headers } = await call(method, path, { token, bindings: { DB } })
      expect([status, body.code, body.detail], path).toEqual([503, 'unavailable', 'Not ready.'])
      expect(headers.get('retry-after')).toBe('30')
    }
  })

  it.each([
    'D1_ERROR: D1 DB is overloaded. Too many requests queued.',
    'D1_ERROR: Network connection lost.',
    'D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.',
  ])('returns 503 with Retry-After if it is transient: %s', async (message) => {
    const { status, body, headers } = await call('POST', LOGIN, {
      body: CREDENTIALS,
      bindings: { DB: failingDatabase(message) },
    })
    expect(status).toBe(503)
    expect(body.code).toBe('unavailable')
    expect(headers.get('retry-after')).toBe('1')
    expect(JSON.stringify(body)).not.toContain('D1')
  })

  it('that loses the responses of writes makes us retry them, and each write counts once', async () => {
    const { token, id } = await registerPlayer()
    const { DB, lost } = forgetfulDatabase(env.DB, 2)
    const answer = await call('PUT', '/api/v1/users/me', {
      token,
      body: { name: 'Zawadi' },
      bindings: { DB },
    })
    expect(answer.body).toMatchObject({ id, name: 'Zawadi' })
    expect(lost()).toBe(2)
  })

  it('returns 503 if every retry fails', async () => {
    const { token } = await registerPlayer()
    const { DB } = forgetfulDatabase(env.DB, 99)
    const { status } = await call('PUT', '/api/v1/users/me', { token, body: {}, bindings: { DB } })
    expect(status).toBe(503)
  })
})

describe('a thrown error', () => {
  /** An app of one route that throws `error`. */
  const throwing = (error: unknown) => {
    const broken = new Hono<AppEnv>()
    broken.use(requestContext)
    broken.get('/', () => {
      throw error
    })
    broken.onError(respondToError)
    return broken.request('/', {}, env)
  }

  it.each([{ overloaded: true }, { retryable: true }, { durableObjectReset: true }])(
    'returns 503 with Retry-After if a Durable Object is %j',
    async (flags) => {
      const response = await throwing(Object.assign(new Error('Durable Object is overloaded'), flags))
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toBe('1')
      expect(await response.json()).toMatchObject({ code: 'unavailable' })
    },
  )

  it('returns 500 if it is unexpected, and shows its message only in the log', async () => {
    expectLogged('unexpected error')
    const response = await throwing(new TypeError('secret is not a function'))
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
    expect(JSON.stringify(logged())).toContain('secret is not a function')
  })

  it('returns its own code and extras if it is a Problem', async () => {
    const response = await throwing(new Problem('number_taken', 'Taken.', { numbers: [3, 5] }))
    expect(response.status).toBe(409)
    expect(await response.json()).toMatchObject({ code: 'number_taken', numbers: [3, 5], detail: 'Taken.' })
  })
})

describe('a worker in development', () => {
  const statusAt = async (origin: string, settings = {}) =>
    (await app.request(`${origin}/api/v1/raffles?limit=1`, {}, { ...env, ...settings })).status

  it('answers this machine', async () => {
    for (const host of ['localhost', 'localhost:8788', '127.0.0.1:8787', '[::1]:8787', 'shop.localhost']) {
      expect(await statusAt(`http://${host}`), host).toBe(200)
    }
  })

  it('refuses every other address, because its secrets are public', async () => {
    expectLogged('the request was refused: development answers on localhost only')
    for (const host of [
      'raffles.example',
      'localhost.example',
      'evil-localhost',
      '192.168.0.7:8787',
      'x@10.0.0.1',
    ]) {
      expect(await statusAt(`https://${host}`), host).toBe(503)
    }
  })
})

describe('a worker that is not configured', () => {
  const HEALTH_TOKEN = 'a-token-of-the-operators-of-this-worker'
  const ask = async (headers: Record<string, string> = {}, settings: Record<string, string> = {}) => {
    expectLogged('the request was refused: not configured')
    const response = await app.request(
      '/api/v1/health',
      { headers },
      { ...env, ENVIRONMENT: 'production', ...settings },
    )
    return { response, problem: ProblemDocument.parse(await response.json()) }
  }

  it('refuses every request with a problem, and names no setting', async () => {
    const { response, problem } = await ask({ 'cf-ray': '8e1b2c3d4e5f-NBO' })
    expect(response.status).toBe(503)
    expect(problem).toMatchObject({ code: 'unavailable', detail: 'Not configured.' })
    expect(problem.requestId).toBe('8e1b2c3d4e5f-NBO')
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'retry-after': '1',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'x-request-id': '8e1b2c3d4e5f-NBO',
    })
  })

  it('names the settings in its log, without their values', async () => {
    const { problem } = await ask()
    const log = JSON.stringify(logged())
    for (const part of ['JWT_SECRET', 'SIGNING_KEY', problem.requestId]) expect(log).toContain(part)
    expect(log).not.toContain('tombola-development')
  })

  it('names them to a request with the health token, whatever else is missing', async () => {
    const authorization = `Bearer ${HEALTH_TOKEN}`
    const missing = await ask({ authorization }, { HEALTH_TOKEN })
    expect(missing.problem.detail).toContain('JWT_SECRET')
    expect(missing.problem.detail).not.toContain('tombola-development')
    const malformed = await ask({ authorization }, { HEALTH_TOKEN, HOLD_SECONDS: 'soon' })
    expect(malformed.problem.detail).toContain('HOLD_SECONDS')
  })

  it('names them to no other token', async () => {
    const { token } = await signedInAdmin()
    const short = 'too-short'
    for (const [sent, settings] of [
      [token, { HEALTH_TOKEN }],
      [HEALTH_TOKEN, {}],
      [`${HEALTH_TOKEN}x`, { HEALTH_TOKEN }],
      ['', { HEALTH_TOKEN: '' }],
      [short, { HEALTH_TOKEN: short }],
      ['undefined', {}],
    ] as [string, Record<string, string>][]) {
      const { problem } = await ask({ authorization: `Bearer ${sent}` }, settings)
      expect(problem.detail, sent).toBe('Not configured.')
    }
  })

  it('refuses pages too, and other methods', async () => {
    expectLogged('the request was refused: not configured')
    for (const [method, path] of [
      ['GET', '/docs'],
      ['POST', '/docs'],
      ['OPTIONS', '/api/v1/raffles'],
    ] as const) {
      const response = await app.request(path, { method }, { ...env, ENVIRONMENT: 'production' })
      expect([response.status, response.headers.get('content-type')]).toEqual([
        503,
        'application/problem+json',
      ])
    }
  })
})

/** A path of a route with `value` in place of each parameter. */
const filled = (path: string, value: string): string => path.replaceAll(/:\w+/g, () => value)
