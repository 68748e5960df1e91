import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { purgeRevocations } from '../../src/accounts/purge-revocations.ts'
import { revokedTokens } from '../../src/accounts/revocations.ts'
import { DAY_MS } from '../../src/core/time.ts'
import { call } from '../harness/client.ts'
import { failingDatabase } from '../harness/faults.ts'
import {
  addOperator,
  organisationWithOperator,
  registerPlayer,
  signedInAdmin,
  signIn,
  testContext,
} from '../harness/people.ts'
import { aKey, type OnSale, raffleOnSale } from '../tickets/raffle-fixture.ts'

const SILENT = { DB: failingDatabase('D1_ERROR: Network connection lost.') }

const enter = (raffle: OnSale, token: string, bindings = {}) =>
  call('POST', '/api/v1/tickets/purchase', {
    token,
    headers: { 'idempotency-key': aKey() },
    body: { raffleId: raffle.id, quantity: 1 },
    bindings,
  })

/** Every way to read or change what is one's own, by a token alone. */
const OWN = [
  ['GET', '/api/v1/users/me'],
  ['GET', '/api/v1/tickets'],
  ['GET', '/api/v1/orders'],
  ['GET', '/api/v1/orders/order_01k00000000000000000000000'],
  ['GET', '/api/v1/orders/order_01k00000000000000000000000/refunds'],
  ['POST', '/api/v1/orders/order_01k00000000000000000000000/cancel'],
  ['GET', '/api/v1/winners?mine=true'],
  ['POST', '/api/v1/winners/winner_01k00000000000000000000000/claim'],
  ['POST', '/api/v1/winners/winner_01k00000000000000000000000/decline'],
  ['GET', '/api/v1/users/me/payout-methods'],
] as const

const body = (path: string) =>
  path.endsWith('/claim') ? { payoutMethodId: 'method_01k00000000000000000000000' } : undefined

afterEach(() => {
  revokedTokens.expire()
  vi.useRealTimers()
})

describe('a session that has ended', () => {
  it('buys nothing, and opens no door', async () => {
    const raffle = await raffleOnSale()
    const { token } = await registerPlayer()
    expect((await enter(raffle, token)).status).toBe(201)
    await call('POST', '/api/v1/auth/logout', { token })
    const refused = await enter(raffle, token)
    expect(refused.status).toBe(401)
    expect(refused.body.detail).toBe('You are signed out. Sign in again.')
    for (const [method, path] of OWN) {
      expect((await call(method, path, { token, body: body(path) })).status, path).toBe(401)
    }
  })

  it('ends for its own tokens only', async () => {
    const raffle = await raffleOnSale()
    const { id, token } = await registerPlayer()
    const other = await signIn(id)
    await call('POST', '/api/v1/auth/logout', { token })
    expect((await enter(raffle, other.token)).status).toBe(201)
  })

  it('ends within a second in an isolate that did not end it', async () => {
    const raffle = await raffleOnSale()
    const { token, sessionId } = await registerPlayer()
    expect((await enter(raffle, token)).status).toBe(201)
    // As another isolate would: this one hears nothing of it.
    await env.DB.prepare('UPDATE sessions SET revoked_at = 1 WHERE id = ?').bind(sessionId).run()
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 1_000)
    expect((await enter(raffle, token)).status).toBe(401)
  })

  it('is read again after a second, and not before', async () => {
    const raffle = await raffleOnSale()
    const { token } = await registerPlayer()
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now())
    let reads = 0
    const counted = {
      DB: new Proxy(env.DB, {
        get: (target, name) => {
          if (name === 'prepare' || name === 'batch') reads++
          const value = Reflect.get(target, name)
          return typeof value === 'function' ? value.bind(target) : value
        },
      }),
    }
    revokedTokens.expire()
    for (let turn = 0; turn < 5; turn++) expect((await enter(raffle, token, counted)).status).toBe(201)
    expect(reads).toBe(1)
    vi.setSystemTime(Date.now() + 1_000)
    for (let turn = 0; turn < 5; turn++) expect((await enter(raffle, token, counted)).status).toBe(201)
    expect(reads).toBe(2)
  })
})

describe('a suspended user', () => {
  it('buys nothing, and opens no door', async () => {
    const raffle = await raffleOnSale()
    const { id, token } = await registerPlayer()
    const admin = await signedInAdmin()
    await call('PUT', `/api/v1/users/${id}/status`, { token: admin.token, body: { status: 'suspended' } })
    expect((await enter(raffle, token)).status).toBe(401)
    for (const [method, path] of OWN) {
      expect((await call(method, path, { token, body: body(path) })).status, path).toBe(401)
    }
  })
})

describe('while the database is silent', () => {
  it('tickets are sold, by the list that was read last', async () => {
    const raffle = await raffleOnSale()
    const [{ token }, other] = [await registerPlayer(), await registerPlayer()]
    await call('POST', '/api/v1/auth/logout', { token: other.token })
    expect((await enter(raffle, other.token)).status).toBe(401)
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 5_000)
    expect((await enter(raffle, token, SILENT)).status).toBe(201)
    expect((await enter(raffle, other.token, SILENT)).status).toBe(401)
  })

  it('nothing else that is one’s own is done or shown', async () => {
    const { token } = await registerPlayer()
    for (const [method, path] of OWN.slice(0, -1)) {
      revokedTokens.expire()
      const answer = await call(method, path, { token, body: body(path), bindings: SILENT })
      expect(answer.status, path).toBe(503)
      expect(answer.body.detail, path).toBe('Your session cannot be checked now. Try again in a moment.')
    }
  })
})

describe('what a token says of its user', () => {
  it('is refused once the user has proved the address, until the client refreshes it', async () => {
    const { id, token } = await registerPlayer({ isProved: false })
    await env.DB.prepare('UPDATE users SET email_verified_at = 1 WHERE id = ?').bind(id).run()
    revokedTokens.expire()
    const refused = await call('GET', '/api/v1/users/me', { token })
    expect(refused.status).toBe(401)
    expect(refused.body.detail).toBe('Your account has changed. Refresh the access token.')
    expect((await call('GET', '/api/v1/users/me', { token: (await signIn(id)).token })).status).toBe(200)
  })

  it('is refused once a membership begins or ends', async () => {
    const { id, operator } = await organisationWithOperator()
    const member = await addOperator(id)
    expect((await call('GET', '/api/v1/users/me', { token: member.token })).status).toBe(200)
    await call('DELETE', `/api/v1/organisations/${id}/members/${member.id}`, { token: operator.token })
    expect((await call('GET', '/api/v1/users/me', { token: member.token })).status).toBe(401)
  })

  it('names the organisations of a member, and for thirty days those of a former one', async () => {
    const { id, operator } = await organisationWithOperator()
    expect(claimsOf(operator.token)).toMatchObject({ email_verified: true, staff_of: [id] })
    await env.DB.prepare('DELETE FROM members WHERE user_id = ?').bind(operator.id).run()
    expect(claimsOf((await signIn(operator.id)).token).staff_of).toEqual([id])
    await env.DB.prepare('UPDATE former_members SET left_at = ? WHERE user_id = ?')
      .bind(Date.now() - 30 * DAY_MS, operator.id)
      .run()
    expect(claimsOf((await signIn(operator.id)).token).staff_of).toEqual([])
  })
})

describe('the list of revoked tokens', () => {
  it('does not forget what it knows when a slow read brings older rows', async () => {
    const { id: organisationId } = await organisationWithOperator()
    const [person, other] = [await registerPlayer({ isProved: false }), await registerPlayer()]
    await call('GET', '/api/v1/users/me', { token: other.token })
    const prove = env.DB.prepare('UPDATE users SET email_verified_at = 1 WHERE id = ?').bind(person.id)
    await prove.run()
    revokedTokens.expire()
    const { DB, read, answer } = slowReads(/from "revocations"/)
    const slow = call('GET', '/api/v1/users/me', { token: other.token, bindings: { DB } })
    await read
    const { token } = await signIn(person.id)
    await env.DB.prepare(
      'INSERT INTO members (organisation_id, user_id, role, created_at) VALUES (?, ?, ?, 1)',
    )
      .bind(organisationId, person.id, 'operator')
      .run()
    await call('POST', '/api/v1/auth/logout', { token: (await signIn(other.id)).token })
    revokedTokens.expire()
    expect((await call('GET', '/api/v1/users/me', { token })).status).toBe(401)
    answer()
    await slow
    expect((await call('GET', '/api/v1/users/me', { token })).status).toBe(401)
  })

  it('is read again from its beginning if the database was restored to an earlier time', async () => {
    const raffle = await raffleOnSale()
    const [{ token, sessionId }, other] = [await registerPlayer(), await registerPlayer()]
    await call('POST', '/api/v1/auth/logout', { token: other.token })
    expect((await enter(raffle, token)).status).toBe(201)
    // The logout is undone, and another row has taken its number since.
    await env.DB.prepare(
      'UPDATE revocations SET session_id = ? WHERE seq = (SELECT max(seq) FROM revocations)',
    )
      .bind(sessionId)
      .run()
    revokedTokens.expire()
    expect((await enter(raffle, token)).status).toBe(401)
    expect((await enter(raffle, other.token)).status).toBe(201)
  })

  it('loses the rows whose tokens have expired, but keeps its last one', async () => {
    for (let turn = 0; turn < 3; turn++) {
      const { token } = await registerPlayer()
      await call('POST', '/api/v1/auth/logout', { token })
    }
    const count = () => env.DB.prepare('SELECT count(*) AS n FROM revocations').first<number>('n')
    await purgeRevocations(testContext())
    expect(await count()).toBeGreaterThan(2)
    await purgeRevocations(testContext(Date.now() + DAY_MS))
    expect(await count()).toBe(1)
  })
})

/** Statements that match are run at once (`read`), but answered only after `answer()`. */
function slowReads(pattern: RegExp) {
  const read = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        const method = Reflect.get(target, name)
        if (name === 'bind') return (...values: unknown[]) => wrap(target.bind(...values))
        return async (...args: unknown[]) => {
          const result = await method.apply(target, args)
          read.resolve()
          await answered.promise
          return result
        }
      },
    })
  const DB = {
    prepare: (query: string) => (pattern.test(query) ? wrap(env.DB.prepare(query)) : env.DB.prepare(query)),
    batch: (statements: D1PreparedStatement[]) => env.DB.batch(statements),
  } as unknown as D1Database
  return { DB, read: read.promise, answer: () => answered.resolve() }
}

// biome-ignore lint/suspicious/noExplicitAny: the claims of a token
const claimsOf = (token: string): any => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
