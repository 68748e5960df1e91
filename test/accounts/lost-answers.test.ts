import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { openSession } from '../../src/accounts/open-session.ts'
import { type CallOptions, call, type Method } from '../harness/client.ts'
import { forgetfulDatabase } from '../harness/faults.ts'
import { registerPlayer, signedInAdmin, testContext, uniqueEmail, userIdOf } from '../harness/people.ts'
import { outboxOf } from './mail/mailbox.ts'

const PASSWORD = 'correct horse battery'

/** Calls with a database that makes the first write of the request and loses its response. */
async function callForgetfully(method: Method, path: string, options: CallOptions) {
  const { DB, lost } = forgetfulDatabase(env.DB, 1)
  const answer = await call(method, path, { ...options, bindings: { DB } })
  expect(lost()).toBe(1)
  return answer
}

describe('when the response to a write is lost', () => {
  it('a registration finds its own user and does not conflict with itself', async () => {
    const email = uniqueEmail()
    const body = { email, password: PASSWORD, name: 'Amina' }
    expect((await callForgetfully('POST', '/api/v1/auth/register', { body })).status).toBe(201)
    const mails = await outboxOf(await userIdOf(email))
    expect(mails.map(({ kind }) => kind)).toEqual(['verify_email'])
    const login = await callForgetfully('POST', '/api/v1/auth/login', { body: { email, password: PASSWORD } })
    expect(login.status).toBe(200)
    const refreshed = await call('POST', '/api/v1/auth/refresh', {
      body: { refresh_token: login.body.refresh_token },
    })
    expect(refreshed.status).toBe(200)
    const changed = await callForgetfully('POST', '/api/v1/auth/password', {
      token: login.body.access_token,
      body: { currentPassword: PASSWORD, newPassword: 'another horse entirely' },
    })
    expect(changed.status).toBe(204)
  })

  it('a refresh does not take its own retry for theft', async () => {
    const { id } = await registerPlayer()
    const hash = await env.DB.prepare('SELECT password_hash FROM users WHERE id = ?')
      .bind(id)
      .first<string>('password_hash')
    const tokens = await openSession(testContext(), id, hash!)
    const refreshed = await callForgetfully('POST', '/api/v1/auth/refresh', {
      body: { refresh_token: tokens!.refresh_token },
    })
    expect(refreshed.status).toBe(200)
    const again = await call('POST', '/api/v1/auth/refresh', {
      body: { refresh_token: refreshed.body.refresh_token },
    })
    expect(again.status).toBe(200)
  })

  it('an organisation is created once, and keeps its first slug', async () => {
    const { token } = await signedInAdmin()
    const { status, body } = await callForgetfully('POST', '/api/v1/organisations', {
      token,
      body: { name: 'Lost and Found' },
    })
    expect(status).toBe(201)
    expect(body.slug).toBe('lost-and-found')
  })

  it('a suspension takes effect', async () => {
    const { token } = await signedInAdmin()
    const { id } = await registerPlayer()
    const { body } = await callForgetfully('PUT', `/api/v1/users/${id}/status`, {
      token,
      body: { status: 'suspended' },
    })
    expect(body.status).toBe('suspended')
  })
})
