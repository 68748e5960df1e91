import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { DEMO_PASSWORD } from '../../scripts/demo/call.ts'
import { hashPassword } from '../../src/accounts/password.ts'
import { WEAKNESSES } from '../../src/accounts/password-strength.ts'
import { call } from '../harness/client.ts'
import { registerPlayer, uniqueEmail } from '../harness/people.ts'
import { sweep } from '../raffles/scenario.ts'
import { mailsTo, tokenIn } from './mail/mailbox.ts'

const PASSWORD = 'correct horse battery'
const EMAIL = () => `wanjiru-${uniqueEmail()}`

const post = (path: string, body: unknown, token?: string) =>
  call('POST', `/api/v1/auth${path}`, { body, token })
const register = (password: string, more = {}) =>
  post('/register', { email: EMAIL(), name: 'Amina Wanjiru', password, ...more })

const weak: [why: string, password: string, weakness: keyof typeof WEAKNESSES][] = [
  ['one repeated letter', 'aaaaaaaaaaaa', 'repeat'],
  ['twelve spaces', ' '.repeat(12), 'repeat'],
  ['a repeated word', 'letmeinletmein', 'repeat'],
  ['128 repeated letters', 'a'.repeat(128), 'repeat'],
  ['a common password with digits', 'password1234', 'common'],
  ['a common password in disguise', 'P@ssw0rd2026', 'common'],
  ['a common password in full-width letters', 'ｐａｓｓｗｏｒｄ１２３４', 'common'],
  ['a common password with spaces around it', '  password1234  ', 'common'],
  ['a common long password', 'administrator', 'common'],
  ['the alphabet', 'abcdefghijkl', 'sequence'],
  ['a row of keys', 'asdfghjkl;12', 'sequence'],
  ['the user’s name with digits', 'wanjiru12345', 'own'],
  ['the name of the site with digits', 'tombola12345', 'own'],
  ['dates', '2011-11-2026', 'date'],
]

describe('a password that is easy to guess', () => {
  it.each(weak)('is refused at registration with the reason: %s', async (_, password, weakness) => {
    const { status, body } = await register(password)
    expect(status).toBe(422)
    expect(body.errors).toEqual([{ path: 'password', message: WEAKNESSES[weakness] }])
  })

  it('is refused when the password is changed', async () => {
    const { id, token } = await registerPlayer()
    const hash = await hashPassword(PASSWORD)
    await env.DB.prepare('UPDATE users SET password_hash = ? WHERE id = ?').bind(hash, id).run()
    const change = (newPassword: string) =>
      post('/password', { currentPassword: PASSWORD, newPassword }, token)
    const { status, body } = await change('password1234')
    expect(status).toBe(422)
    expect(body.errors).toEqual([{ path: 'newPassword', message: WEAKNESSES.common }])
    expect((await change('AminaWanjiru')).body.errors[0].message).toBe(WEAKNESSES.own)
    expect((await change('another horse entirely')).status).toBe(204)
  })

  it('is refused by a reset, which keeps its token', async () => {
    const { email } = await registerPlayer()
    await post('/forgot', { email })
    await sweep()
    const token = tokenIn((await mailsTo(email)).at(-1)!)
    const { status, body } = await post('/reset', { token, password: 'aaaaaaaaaaaa' })
    expect(status).toBe(422)
    expect(body.errors).toEqual([{ path: 'password', message: WEAKNESSES.repeat }])
    expect((await post('/reset', { token, password: PASSWORD })).status).toBe(204)
  })

  it('still logs its user in, if it was set before', async () => {
    const { id, email } = await registerPlayer()
    const hash = await hashPassword('password1234')
    await env.DB.prepare('UPDATE users SET password_hash = ? WHERE id = ?').bind(hash, id).run()
    expect((await post('/login', { email, password: 'password1234' })).status).toBe(200)
  })
})

describe('a password that is hard to guess is accepted', () => {
  it.each([
    ['a few words', 'three matatus to town'],
    ['a few words in another language', 'cuatro palabras bien juntas'],
    ['random letters', 'hdkfqsnbieos'],
    ['the password of the demo', DEMO_PASSWORD],
    ['128 characters', 'three matatus to town and one back '.repeat(4).slice(0, 128)],
  ])('%s', async (_, password) => {
    expect((await register(password)).status).toBe(201)
  })
})
