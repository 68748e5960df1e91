import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { forge, protectedRoutes } from '../harness/auth-battery.ts'
import { call } from '../harness/client.ts'
import { organisationWithOperator, registerPlayer, signedInAdmin, withUserToken } from '../harness/people.ts'

const me = (token: string) => call('GET', '/api/v1/users/me', { token })
const updateMe = (token: string, body: unknown) => call('PUT', '/api/v1/users/me', { token, body })
const setStatus = (token: string, userId: string, status: string) =>
  call('PUT', `/api/v1/users/${userId}/status`, { token, body: { status } })

describe('the user’s own account', () => {
  it('is readable with a valid token', async () => {
    const person = await registerPlayer()
    const { status, body } = await me(await forge(person))
    expect(status).toBe(200)
    expect(body).toMatchObject({ id: person.id, email: person.email })
  })

  it('accepts a new name, phone and winner display, one at a time', async () => {
    const { token } = await registerPlayer({ name: 'Amina' })
    expect((await updateMe(token, { winnerDisplay: 'anonymous' })).body).toMatchObject({
      name: 'Amina',
      winnerDisplay: 'anonymous',
    })
    expect((await updateMe(token, { phone: '+254712345678' })).body.phone).toBe('+254712345678')
    expect((await updateMe(token, { name: 'Amina W.' })).body).toMatchObject({
      name: 'Amina W.',
      phone: '+254712345678',
      winnerDisplay: 'anonymous',
    })
  })

  it('clears a phone that is set to null', async () => {
    const { token } = await registerPlayer({ phone: '+254712345678' })
    expect((await updateMe(token, { phone: null })).body.phone).toBeNull()
  })

  it.each([
    [{ role: 'admin' }, 'role'],
    [{ email: 'somebody@example.com' }, 'email'],
    [{ status: 'active' }, 'status'],
    [{ winnerDisplay: 'loudly' }, 'winnerDisplay'],
    [{ name: '' }, 'name'],
    [{ name: null }, 'name'],
  ])('refuses %j', async (body, path) => {
    const { token } = await registerPlayer()
    const answer = await updateMe(token, body)
    expect(answer.status).toBe(422)
    expect(answer.body.errors[0].path).toBe(path)
  })

  it('is closed to a suspended user at once', async () => {
    const { id, token } = await registerPlayer()
    await setStatus((await signedInAdmin()).token, id, 'suspended')
    expect((await me(token)).status).toBe(401)
    expect((await updateMe(token, { name: 'X' })).status).toBe(401)
  })
})

describe('the list of users', () => {
  it('has pages with the newest users first and each user once', async () => {
    const admin = await signedInAdmin()
    const players = [await registerPlayer(), await registerPlayer(), await registerPlayer()]
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`
      const { body } = await call('GET', `/api/v1/users?limit=2${query}`, { token: admin.token })
      expect(body.data.length).toBeLessThanOrEqual(2)
      seen.push(...body.data.map((each: { id: string }) => each.id))
      cursor = body.nextCursor
    }
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual([...seen].sort().reverse())
    expect(seen).toEqual(expect.arrayContaining(players.map((each) => each.id)))
  })

  it('can be searched by words of the name or a part of the address', async () => {
    const { token } = await signedInAdmin()
    const { id } = await registerPlayer({ name: 'x', email: "o'neill+mull%er@example.com" })
    expect((await updateMe(await withUserToken(id), { name: 'Zoë Ngũgĩ-Łęcka' })).status).toBe(200)
    const search = async (q: string) =>
      (await call('GET', `/api/v1/users?q=${encodeURIComponent(q)}`, { token })).body.data.map(
        (user: { id: string }) => user.id,
      )
    for (const q of ['ngugi', 'LECKA zoe', "O'Neill+", 'mull%er@example']) {
      expect(await search(q), q).toEqual([id])
    }
    expect(await search('mull_er')).toEqual([])
    const reader = await registerPlayer({ name: 'x', email: 'jorg.at@xn--bcher-kva.example' })
    for (const q of ['jorg.at@bücher.example', 'JORG.AT@BÜCHER.example', 'xn--bcher-kva'])
      expect(await search(q), q).toContain(reader.id)
  })

  it('is for admins only, not for players or operators', async () => {
    const { operator } = await organisationWithOperator()
    for (const { token } of [await registerPlayer(), operator]) {
      const { status, body } = await call('GET', '/api/v1/users', { token })
      expect(status).toBe(403)
      expect(body.code).toBe('forbidden')
    }
  })

  it('is closed at once to a user who is no longer an admin', async () => {
    const admin = await signedInAdmin()
    await env.DB.prepare("UPDATE users SET role = 'user' WHERE id = ?").bind(admin.id).run()
    expect((await call('GET', '/api/v1/users', { token: admin.token })).status).toBe(403)
  })

  it.each([
    ['limit=0', 422, 'validation_failed'],
    ['limit=101', 422, 'validation_failed'],
    ['cursor=nonsense', 400, 'malformed_request'],
    [`cursor=${btoa('[1]')}`, 400, 'malformed_request'],
  ])('refuses ?%s', async (query, status, code) => {
    const { token } = await signedInAdmin()
    const answer = await call('GET', `/api/v1/users?${query}`, { token })
    expect(answer.status).toBe(status)
    expect(answer.body.code).toBe(code)
  })
})

describe('a suspension', () => {
  it('ends every session of the user, and a reactivation restores none', async () => {
    const admin = await signedInAdmin()
    const { operator, id } = await organisationWithOperator()
    const read = (token: string) => call('GET', `/api/v1/organisations/${id}`, { token })
    expect((await read(operator.token)).status).toBe(200)

    const suspended = await setStatus(admin.token, operator.id, 'suspended')
    expect(suspended.body.status).toBe('suspended')
    expect((await read(operator.token)).status).toBe(401)

    expect((await setStatus(admin.token, operator.id, 'active')).body.status).toBe('active')
    expect((await read(operator.token)).status).toBe(401)
    expect((await read(await withUserToken(operator.id))).status).toBe(200)
  })

  it('is idempotent', async () => {
    const admin = await signedInAdmin()
    const { id } = await registerPlayer()
    await setStatus(admin.token, id, 'suspended')
    expect((await setStatus(admin.token, id, 'suspended')).status).toBe(200)
  })

  it('of the admin’s own account is refused', async () => {
    const { id, token } = await signedInAdmin()
    const { status, body } = await setStatus(token, id, 'suspended')
    expect(status).toBe(409)
    expect(body.code).toBe('invalid_state')
  })

  it('is for admins only', async () => {
    const { id } = await registerPlayer()
    const { operator } = await organisationWithOperator()
    expect((await setStatus(operator.token, id, 'suspended')).status).toBe(403)
  })

  it('of an unknown user returns 404, for a valid or a malformed id', async () => {
    const { token } = await signedInAdmin()
    for (const id of [newId('user'), 'nobody', newId('organisation')]) {
      expect((await setStatus(token, id, 'suspended')).status).toBe(404)
    }
  })
})

protectedRoutes([
  { method: 'GET', path: '/api/v1/users/me' },
  { method: 'PUT', path: '/api/v1/users/me', body: { name: 'Amina' } },
  { method: 'GET', path: '/api/v1/users' },
  { method: 'PUT', path: `/api/v1/users/${newId('user')}/status`, body: { status: 'suspended' } },
])
