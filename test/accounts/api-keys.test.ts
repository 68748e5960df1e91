// API keys: shown once, stored as a hash, listed with their last use, revoked at once, and refused by all other routes.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { protectedRoutes } from '../harness/auth-battery.ts'
import { call, operations } from '../harness/client.ts'
import { addOperator, organisationWithOperator, registerPlayer } from '../harness/people.ts'
import { respellings } from '../harness/respell.ts'
import { as, at, HOUR, iso, MINUTE, NOW, stageRaffle, useClock } from '../raffles/scenario.ts'

const ORGANISATION = newId('organisation')
const BODY = { name: 'Online shop', scopes: ['grants:write'] }

protectedRoutes([
  { method: 'GET', path: `/api/v1/organisations/${ORGANISATION}/api-keys` },
  { method: 'POST', path: `/api/v1/organisations/${ORGANISATION}/api-keys`, body: BODY },
  { method: 'DELETE', path: `/api/v1/organisations/${ORGANISATION}/api-keys/${newId('apiKey')}` },
])

useClock()

async function stageKey() {
  const organisation = await organisationWithOperator()
  const path = `/organisations/${organisation.id}/api-keys`
  const { status, body } = await as(organisation.operator, 'POST', path, BODY)
  expect(status, JSON.stringify(body)).toBe(201)
  return { organisation, operator: organisation.operator, path, made: body }
}

describe('an API key', () => {
  it('is shown once, and only its hash is stored', async () => {
    const { operator, path, made } = await stageKey()
    expect(made.key).toMatch(/^tk_[0-9a-z]{26}_[\w-]{43}$/)
    const { key, ...shown } = made
    const list = await as(operator, 'GET', path)
    expect(list.body.data).toEqual([{ ...shown, createdBy: operator.id, lastUsedAt: null, revokedAt: null }])
    const row = await env.DB.prepare('SELECT * FROM api_keys WHERE id = ?').bind(made.id).first()
    expect(JSON.stringify(row)).not.toContain(key.slice(30))
  })

  it('needs a name and known scopes', async () => {
    const { operator, path } = await stageKey()
    for (const body of [
      {},
      { ...BODY, name: '' },
      { ...BODY, scopes: [] },
      { ...BODY, scopes: ['raffles:write'] },
      { ...BODY, scopes: ['grants:write', 'grants:write'] },
    ]) {
      expect((await as(operator, 'POST', path, body)).status).toBe(422)
    }
  })

  it('is managed by members with the permission, and for strangers its organisation is not found', async () => {
    const { organisation, path, made } = await stageKey()
    const janitor = await addOperator(organisation.id, 'janitor')
    const stranger = (await organisationWithOperator()).operator
    for (const [method, where, body] of [
      ['GET', path, undefined],
      ['POST', path, BODY],
      ['DELETE', `${path}/${made.id}`, undefined],
    ] as const) {
      expect((await as(janitor, method, where, body)).status).toBe(403)
      expect((await as(stranger, method, where, body)).status).toBe(404)
      expect((await as(await registerPlayer(), method, where, body)).status).toBe(404)
    }
  })

  it('of another organisation cannot be revoked', async () => {
    const { made, operator: theirs, path: theirPath } = await stageKey()
    const { operator, path } = await stageKey()
    const answers = [made.id, newId('apiKey')].map((id) => as(operator, 'DELETE', `${path}/${id}`))
    for (const { body } of await Promise.all(answers)) {
      expect(body).toMatchObject({ code: 'not_found', detail: 'No such API key.' })
    }
    expect((await as(theirs, 'GET', theirPath)).body.data[0].revokedAt).toBeNull()
  })

  it('stops working once it is revoked, and a second revocation changes nothing', async () => {
    const { organisation, operator, path, made } = await stageKey()
    const raffle = await stageRaffle({ entry: 'order', earning: { per: 'order' } }, organisation)
    const list = () => call('GET', `/api/v1/raffles/${raffle.id}/grants`, { token: made.key })
    expect((await list()).status).toBe(200)
    expect((await as(operator, 'DELETE', `${path}/${made.id}`)).status).toBe(204)
    expect((await list()).status).toBe(401)
    at(NOW + MINUTE)
    expect((await as(operator, 'DELETE', `${path}/${made.id}`)).status).toBe(204)
    expect((await as(operator, 'GET', path)).body.data[0].revokedAt).toBe(iso(NOW))
  })

  it('shows its last use, accurate to the hour', async () => {
    const { organisation, operator, path, made } = await stageKey()
    const raffle = await stageRaffle({ entry: 'order', earning: { per: 'order' } }, organisation)
    const useAt = async (ms: number) => {
      at(ms)
      await call('GET', `/api/v1/raffles/${raffle.id}/grants`, { token: made.key })
      return (await as(operator, 'GET', path)).body.data[0].lastUsedAt
    }
    expect(await useAt(NOW)).toBe(iso(NOW))
    expect(await useAt(NOW + HOUR - 1)).toBe(iso(NOW))
    expect(await useAt(NOW + HOUR)).toBe(iso(NOW + HOUR))
  })

  it('is refused if one letter is changed', async () => {
    const { organisation, made } = await stageKey()
    const raffle = await stageRaffle({ entry: 'order', earning: { per: 'order' } }, organisation)
    const other = (letter: string) => (letter === 'a' ? 'b' : 'a')
    for (const place of [10, 35, 60]) {
      const token = made.key.slice(0, place) + other(made.key[place]) + made.key.slice(place + 1)
      const { status } = await call('GET', `/api/v1/raffles/${raffle.id}/grants`, { token })
      expect(status, `${place}`).toBe(401)
    }
  })

  it('is refused in any other spelling', async () => {
    const { organisation, made } = await stageKey()
    const raffle = await stageRaffle({ entry: 'order', earning: { per: 'order' } }, organisation)
    const letters: string = made.key.slice(3, 29)
    const secret: string = made.key.slice(30)
    const others = respellings(secret).map((text) => `tk_${letters}_${text}`)
    for (const token of [...others, `tk_${letters.toUpperCase()}_${secret}`, `TK_${letters}_${secret}`]) {
      expect((await call('GET', `/api/v1/raffles/${raffle.id}/grants`, { token })).status, token).toBe(401)
    }
  })

  it('is refused by every route that needs a user', async () => {
    const { made } = await stageKey()
    const userRoutes = operations.filter(({ description }) => description.auth === 'user')
    expect(userRoutes.length).toBeGreaterThan(30)
    for (const { method, path } of userRoutes) {
      const where = path.replaceAll(/:\w+/g, newId('raffle'))
      const { status, body } = await call(method as 'GET', where, { token: made.key })
      expect([status, body.code], `${method} ${path}`).toEqual([403, 'forbidden'])
      expect(body.detail).toMatch(
        /^An API key may not do this: sign in\. A key may only .*read the grant of an order/,
      )
    }
  })

  it('is told so too where only some requests need a user', async () => {
    const { made } = await stageKey()
    for (const query of ['mine=true', 'needs=decision']) {
      const { status, body } = await call('GET', `/api/v1/winners?${query}`, { token: made.key })
      expect([status, body.code], query).toEqual([403, 'forbidden'])
      expect(body.detail).toMatch(/^An API key may not do this: sign in\./)
    }
  })

  it('is what a user is told to send where only a key may pass', async () => {
    const { organisation, operator } = await stageKey()
    const raffle = await stageRaffle({ entry: 'order', earning: { per: 'order' } }, organisation)
    const { status, body } = await as(operator, 'POST', `/raffles/${raffle.id}/grants`, {})
    expect([status, body.detail]).toEqual([403, expect.stringContaining('Bearer tk_')])
  })

  it('has its own rate limit', async () => {
    const { organisation, made } = await stageKey()
    const raffle = await stageRaffle({ entry: 'order', earning: { per: 'order' } }, organisation)
    const counted: string[] = []
    const RATE_PURCHASE = {
      limit: async ({ key }: { key: string }) => {
        counted.push(key)
        return { success: false }
      },
    } as RateLimit
    const answer = await call('GET', `/api/v1/raffles/${raffle.id}/grants`, {
      token: made.key,
      bindings: { RATE_PURCHASE },
    })
    expect(answer.body.code).toBe('rate_limited')
    expect(counted).toEqual([made.id])
  })
})
