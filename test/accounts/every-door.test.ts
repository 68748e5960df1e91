/** What revocations.test.ts says of some routes, tried at every route that needs a user. */
import { afterEach, describe, expect, it } from 'vitest'
import { apiDocument } from '../../scripts/api-document/document.ts'
import { revokedTokens } from '../../src/accounts/revocations.ts'
import { app } from '../../src/app.ts'
import { call, type Method, operations } from '../harness/client.ts'
import { failingDatabase } from '../harness/faults.ts'
import { registerPlayer, signedInAdmin } from '../harness/people.ts'
import { aKey, raffleOnSale } from '../tickets/raffle-fixture.ts'

const SILENT = { DB: failingDatabase('D1_ERROR: Network connection lost.') }

/** Buying goes on without D1, and so does the look at what was bought. Each then answers as the pool does. */
const WITHOUT_DATABASE = [
  'POST /api/v1/orders',
  'POST /api/v1/tickets/purchase',
  'GET /api/v1/tickets/:id',
  'GET /api/v1/tickets/:id/receipt',
]

const VALUES: Record<string, string> = {
  currency: 'KES',
  date: '2027-01-05',
  eventId: 'evt_1',
  number: '1',
  orderRef: 'A-1',
  provider: 'sandbox',
}

interface Door {
  route: string
  method: Method
  path: string
  options: { body: unknown; headers: Record<string, string> }
}

/** Each route that needs a user, with the body of its example in the API document. */
function doors(): Door[] {
  // biome-ignore lint/suspicious/noExplicitAny: the document's own tests check its shape
  const document = apiDocument(app) as any
  return operations
    .filter(({ description }) => description.auth.startsWith('user'))
    .map(({ method, path }) => {
      const { parameters = [], requestBody } =
        document.paths[path.replaceAll(/:([^/]+)/g, '{$1}')][method.toLowerCase()]
      const fill = (name: string): string => {
        const { schema } = parameters.find((each: { name: string }) => each.name === name)
        const prefix = /^\^([a-z]+_)/.exec(schema.pattern ?? '')?.[1]
        return prefix === undefined ? VALUES[name]! : `${prefix}01k00000000000000000000000`
      }
      return {
        route: `${method} ${path}`,
        method: method as Method,
        path: path.replaceAll(/:([^/]+)/g, (_, name) => fill(name)),
        options: {
          body: requestBody?.content['application/json']?.example,
          headers: { 'idempotency-key': aKey() },
        },
      }
    })
}

afterEach(() => revokedTokens.expire())

describe('at every route that needs a user', () => {
  it('a session that was ended, or whose user is suspended, is refused', async () => {
    const [out, suspended] = [await registerPlayer(), await registerPlayer()]
    const { token } = await signedInAdmin()
    await call('POST', '/api/v1/auth/logout', { token: out.token })
    await call('PUT', `/api/v1/users/${suspended.id}/status`, { token, body: { status: 'suspended' } })
    for (const { route, method, path, options } of doors()) {
      for (const person of [out, suspended]) {
        const { status } = await call(method, path, { ...options, token: person.token })
        expect(status, route).toBe(401)
      }
    }
  })

  it('nobody is let in while the database is silent, but to buy and to see what was bought', async () => {
    const { token } = await registerPlayer()
    const answers: Record<string, number> = {}
    for (const { route, method, path, options } of doors()) {
      revokedTokens.expire()
      answers[route] = (await call(method, path, { ...options, token, bindings: SILENT })).status
    }
    const letIn = Object.keys(answers).filter((route) => answers[route] !== 503)
    expect(letIn.sort()).toEqual([...WITHOUT_DATABASE].sort())
  })

  it('what was bought is not shown to a session that is known to have ended, with the database silent', async () => {
    const raffle = await raffleOnSale()
    const { token } = await registerPlayer()
    const bought = await call('POST', '/api/v1/tickets/purchase', {
      token,
      headers: { 'idempotency-key': aKey() },
      body: { raffleId: raffle.id, quantity: 1 },
    })
    const path = `/api/v1/tickets/${bought.body.reservation.id}`
    expect((await call('GET', path, { token, bindings: SILENT })).status).toBe(200)
    await call('POST', '/api/v1/auth/logout', { token })
    expect((await call('GET', path, { token })).status).toBe(401)
    expect((await call('GET', path, { token, bindings: SILENT })).status).toBe(401)
  })
})
