import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { protectedRoutes } from '../harness/auth-battery.ts'
import { call } from '../harness/client.ts'
import {
  addOperator,
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
  signIn,
  uniqueEmail,
} from '../harness/people.ts'

const create = (person: Person, body: unknown) =>
  call('POST', '/api/v1/organisations', { token: person.token, body })
const read = (person: Person, id: string) =>
  call('GET', `/api/v1/organisations/${id}`, { token: person.token })
const list = (person: Person, query = '') =>
  call('GET', `/api/v1/organisations${query}`, { token: person.token })
const listMembers = (person: Pick<Person, 'token'>, id: string, query = '') =>
  call('GET', `/api/v1/organisations/${id}/members${query}`, { token: person.token })
const addMember = (person: Person, id: string, body: unknown) =>
  call('POST', `/api/v1/organisations/${id}/members`, { token: person.token, body })
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
    expect(body.slug).toMatch(/^organisation-[0-9a-z]{8}$/)
  })

  it('is for admins only', async () => {
    const { operator } = await organisationWithOperator()
    for (const person of [operator, await registerPlayer()]) {
      expect((await create(person, { name: 'Mine' })).status).toBe(403)
    }
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
  it('are added by id or by e-mail address, and may act at once', async () => {
    const { id, operator } = await organisationWithOperator()
    const [one, two] = [await registerPlayer(), await registerPlayer()]
    const byId = await addMember(operator, id, { userId: one.id, role: 'operator' })
    const byEmail = await addMember(operator, id, { email: two.email.toUpperCase(), role: 'operator' })
    expect([byId.status, byEmail.status]).toEqual([201, 201])
    expect(byId.headers.get('location')).toBe(`/api/v1/organisations/${id}/members/${one.id}`)
    const { body } = await listMembers(await signIn(two.id), id)
    const ids = body.data.map((each: { userId: string }) => each.userId)
    expect(ids.sort()).toEqual([operator.id, one.id, two.id].sort())
  })

  it('can be added by an admin to any organisation', async () => {
    const { id } = await organisationWithOperator()
    const { email } = await registerPlayer()
    expect((await addMember(await signedInAdmin(), id, { email, role: 'operator' })).status).toBe(201)
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

  it('cannot be added twice, even at the same time', async () => {
    const { id, operator } = await organisationWithOperator()
    const { id: userId } = await registerPlayer()
    const answers = await Promise.all(
      [1, 2, 3].map(() => addMember(operator, id, { userId, role: 'operator' })),
    )
    expect(answers.map((each) => each.status).sort()).toEqual([201, 409, 409])
  })

  it('lose their permissions at once when they are removed', async () => {
    const { id, operator } = await organisationWithOperator()
    const other = await addOperator(id)
    expect((await removeMember(operator, id, other.id)).status).toBe(204)
    expect((await listMembers(other, id)).status).toBe(401)
    expect((await listMembers(await signIn(other.id), id)).status).toBe(404)
    expect((await removeMember(operator, id, other.id)).status).toBe(404)
  })

  it.each([
    ['an unknown address', { email: uniqueEmail(), role: 'operator' }, 'email'],
    ['an unknown user', { userId: newId('user'), role: 'operator' }, 'userId'],
    ['neither address nor id', { role: 'operator' }, 'userId'],
    ['both', { userId: newId('user'), email: uniqueEmail(), role: 'operator' }, 'userId'],
    ['an unknown role', { email: uniqueEmail(), role: 'owner' }, 'role'],
  ])('are not added for %s', async (_, body, path) => {
    const { id, operator } = await organisationWithOperator()
    const answer = await addMember(operator, id, body)
    expect(answer.status).toBe(422)
    expect(answer.body.errors[0].path).toBe(path)
  })

  it('of another organisation cannot be seen or changed', async () => {
    const { id, operator } = await organisationWithOperator()
    const { operator: stranger } = await organisationWithOperator()
    const { id: userId } = await registerPlayer()
    expect((await listMembers(stranger, id)).status).toBe(404)
    expect((await addMember(stranger, id, { userId, role: 'operator' })).status).toBe(404)
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
  { method: 'GET', path: `${someOrganisation}/members` },
  {
    method: 'POST',
    path: `${someOrganisation}/members`,
    body: { email: 'a@example.com', role: 'operator' },
  },
  { method: 'DELETE', path: `${someOrganisation}/members/${newId('user')}` },
])
