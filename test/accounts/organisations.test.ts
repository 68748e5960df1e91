import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { protectedRoutes } from '../harness/auth-battery.ts'
import { call } from '../harness/client.ts'
import { inviteAndJoin } from '../harness/invitations.ts'
import {
  addOperator,
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
  signIn,
} from '../harness/people.ts'

const create = (person: Person, body: unknown) =>
  call('POST', '/api/v1/organisations', { token: person.token, body })
const read = (person: Person, id: string) =>
  call('GET', `/api/v1/organisations/${id}`, { token: person.token })
const list = (person: Person, query = '') =>
  call('GET', `/api/v1/organisations${query}`, { token: person.token })
const listMembers = (person: Pick<Person, 'token'>, id: string, query = '') =>
  call('GET', `/api/v1/organisations/${id}/members${query}`, { token: person.token })
const removeMember = (person: Person, id: string, userId: string) =>
  call('DELETE', `/api/v1/organisations/${id}/members/${userId}`, { token: person.token })

describe('creating an organisation', () => {
  it('makes a slug from its name', async () => {
    const admin = await signedInAdmin()
    const { status, body, headers } = await create(admin, { name: " Zoë's  Book Fair! " })
    expect(status).toBe(201)
    expect(body).toMatchObject({ name: "Zoë's  Book Fair!", slug: 'zoes-book-fair' })
    expect(headers.get('location')).toBe(`/api/v1/organisations/${body.id}`)
    expect((await read(admin, body.id)).body).toEqual(body)
  })

  it('gives organisations of the same name different slugs, even at the same time', async () => {
    const admin = await signedInAdmin()
    const made = await Promise.all(Array.from({ length: 4 }, () => create(admin, { name: 'Namesake' })))
    const slugs = made.map((each) => each.body.slug)
    expect(new Set(slugs).size).toBe(4)
    expect(slugs).toContain('namesake')
  })

  it('makes a slug for a name in any script', async () => {
    const { body } = await create(await signedInAdmin(), { name: '東京くじ' })
    expect(body.slug).toMatch(/^organisation-[0-9a-z]{10}$/)
  })

  it('makes a slug by which members read it, and nobody else', async () => {
    const admin = await signedInAdmin()
    const { body } = await create(admin, { name: 'Łódź Straße' })
    expect(body.slug).toBe('lodz-strasse')
    expect((await read(admin, body.slug)).body).toEqual(body)
    const { operator } = await organisationWithOperator()
    for (const slug of [body.slug, 'nobodys', 'Lodz-Strasse']) {
      expect((await read(operator, slug)).status, slug).toBe(404)
    }
    const found = await list(admin, `?q=${encodeURIComponent('łódź STRASSE')}`)
    expect(found.body.data).toEqual([body])
    expect((await list(operator, '?q=lodz')).body.data).toEqual([])
  })

  it('makes whoever opens it its operator, and an admin who makes it no member', async () => {
    const membersOf = (id: string) =>
      env.DB.prepare('SELECT user_id AS userId, role FROM members WHERE organisation_id = ?').bind(id).all()
    const person = await registerPlayer()
    const own = (await create(person, { name: 'Mine' })).body
    expect(own.pricedSales).toBe(false)
    expect((await membersOf(own.id)).results).toEqual([{ userId: person.id, role: 'operator' }])
    const made = (await create(await signedInAdmin(), { name: 'Theirs' })).body
    expect(made.pricedSales).toBe(true)
    expect((await membersOf(made.id)).results).toEqual([])
  })

  it.each([[{}], [{ name: ' ' }], [{ name: 'x'.repeat(101) }], [{ name: 'x', slug: 'mine' }]])(
    'refuses %j',
    async (body) => {
      expect((await create(await signedInAdmin(), body)).status).toBe(422)
    },
  )
})

describe('reading organisations', () => {
  it('shows members their own organisation and hides others', async () => {
    const mine = await organisationWithOperator()
    const theirs = await organisationWithOperator()
    const { body } = await list(mine.operator)
    expect(body.data.map((each: { id: string }) => each.id)).toEqual([mine.id])
    const other = await read(mine.operator, theirs.id)
    const missing = await read(mine.operator, newId('organisation'))
    expect([other.status, missing.status]).toEqual([404, 404])
    expect({ ...other.body, requestId: '' }).toEqual({ ...missing.body, requestId: '' })
  })

  it('shows none to a player and all to an admin, in pages', async () => {
    const made = [await organisationWithOperator(), await organisationWithOperator()]
    expect((await list(await registerPlayer())).body).toEqual({ data: [], nextCursor: null })

    const admin = await signedInAdmin()
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { body } = await list(admin, `?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
      seen.push(...body.data.map((each: { id: string }) => each.id))
      cursor = body.nextCursor
    }
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual(expect.arrayContaining(made.map((each) => each.id)))
  })

  it('returns 404 to an admin for an unknown id', async () => {
    expect((await read(await signedInAdmin(), newId('organisation'))).status).toBe(404)
  })
})

describe('members', () => {
  it('cannot be added without a word from them', async () => {
    const { id, operator } = await organisationWithOperator()
    const { id: userId } = await registerPlayer()
    const path = `/api/v1/organisations/${id}/members`
    const { status, headers } = await call('POST', path, {
      token: operator.token,
      body: { userId, role: 'operator' },
    })
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('are listed in pages, each once', async () => {
    const { id, operator } = await organisationWithOperator()
    await addOperator(id)
    await addOperator(id)
    const first = await listMembers(operator, id, '?limit=2')
    const second = await listMembers(operator, id, `?limit=2&cursor=${first.body.nextCursor}`)
    const ids = [...first.body.data, ...second.body.data].map((each: { userId: string }) => each.userId)
    expect(new Set(ids).size).toBe(3)
    expect(second.body.nextCursor).toBeNull()
  })

  it('lose their permissions at once when they are removed', async () => {
    const { id, operator } = await organisationWithOperator()
    const other = await addOperator(id)
    expect((await removeMember(operator, id, other.id)).status).toBe(204)
    expect((await listMembers(other, id)).status).toBe(401)
    expect((await listMembers(await signIn(other.id), id)).status).toBe(404)
    expect((await removeMember(operator, id, other.id)).status).toBe(404)
  })

  it('leave by themselves, whatever their role, and the last one too: an admin then invites somebody', async () => {
    const { id, operator } = await organisationWithOperator()
    const guest = await addOperator(id, 'a-role-of-tomorrow')
    expect((await removeMember(guest, id, guest.id)).status).toBe(204)
    expect((await removeMember(operator, id, operator.id)).status).toBe(204)
    const former = { ...operator, ...(await signIn(operator.id)) }
    expect((await removeMember(former, id, operator.id)).status).toBe(404)
    expect((await read(former, id)).status).toBe(404)
    const successor = await registerPlayer()
    await inviteAndJoin(await signedInAdmin(), id, successor)
    const { token } = await signIn(successor.id)
    expect((await listMembers({ token }, id)).body.data).toHaveLength(1)
  })

  it('of another organisation cannot be seen or changed', async () => {
    const { id, operator } = await organisationWithOperator()
    const { operator: stranger } = await organisationWithOperator()
    expect((await listMembers(stranger, id)).status).toBe(404)
    expect((await removeMember(stranger, id, operator.id)).status).toBe(404)
    expect((await listMembers(operator, id)).body.data).toHaveLength(1)
  })

  it('without the permission can read the organisation but cannot manage members', async () => {
    const { id, operator } = await organisationWithOperator()
    const guest = await addOperator(id, 'a-role-of-tomorrow')
    expect((await read(guest, id)).status).toBe(200)
    const { status, body } = await removeMember(guest, id, operator.id)
    expect(status).toBe(403)
    expect(body.detail).toContain('members:manage')
  })
})

const someOrganisation = `/api/v1/organisations/${newId('organisation')}`
protectedRoutes([
  { method: 'GET', path: '/api/v1/organisations' },
  { method: 'POST', path: '/api/v1/organisations', body: { name: 'Book Fair' } },
  { method: 'GET', path: someOrganisation },
  { method: 'PUT', path: `${someOrganisation}/priced-sales`, body: { approved: true } },
  { method: 'GET', path: `${someOrganisation}/members` },
  { method: 'DELETE', path: `${someOrganisation}/members/${newId('user')}` },
])
