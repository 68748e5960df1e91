// The mail to the owner of an address with which somebody else tried to register.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call } from '../../harness/client.ts'
import { registerPlayer, uniqueEmail, userIdOf } from '../../harness/people.ts'
import { at, HOUR, NOW, sweep, useClock } from '../../raffles/scenario.ts'
import { mailsTo, outboxOf, tokenIn } from './mailbox.ts'

useClock()

const PASSWORD = 'correct horse battery'

const register = async (email: string): Promise<void> => {
  const body = { email, password: PASSWORD, name: 'A Stranger', language: 'en' }
  expect((await call('POST', '/api/v1/auth/register', { body })).status).toBe(201)
}

describe('the owner of a taken address', () => {
  it('gets a mail in its own language, without the stranger’s name, with a link that sets a password', async () => {
    const owner = await registerPlayer()
    await env.DB.prepare("UPDATE users SET language = 'es' WHERE id = ?").bind(owner.id).run()
    await register(owner.email)
    await sweep()
    const [mail, ...more] = await mailsTo(owner.email)
    expect(more).toEqual([])
    expect(mail!.title).toBe('Ya tienes una cuenta')
    expect(mail!.text).not.toMatch(/Stranger|Amina/)
    const body = { token: tokenIn(mail!), password: 'another horse entirely' }
    expect((await call('POST', '/api/v1/auth/reset', { body })).status).toBe(204)
    expect((await call('POST', '/api/v1/auth/reset', { body })).status).toBe(422)
  })

  it('gets at most one an hour, however many try', async () => {
    const owner = await registerPlayer()
    await Promise.all([1, 2, 3].map(() => register(owner.email)))
    await register(owner.email)
    await sweep()
    expect(await mailsTo(owner.email)).toHaveLength(1)
    at(NOW + HOUR)
    await register(owner.email)
    await sweep()
    expect(await mailsTo(owner.email)).toHaveLength(2)
  })

  it('gets none while it is suspended: it could not set a password', async () => {
    const owner = await registerPlayer({ status: 'suspended' })
    await register(owner.email)
    await sweep()
    expect(await mailsTo(owner.email)).toEqual([])
  })

  it('that was free a moment ago gets the mail for a new user, and then this one', async () => {
    const email = uniqueEmail()
    await register(email)
    await register(email)
    expect((await outboxOf(await userIdOf(email))).map(({ kind }) => kind)).toEqual([
      'verify_email',
      'address_taken',
    ])
  })
})
