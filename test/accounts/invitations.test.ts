// Membership by invitation: one invites an address, its owner accepts. Nobody learns whether an address has an account.
import { env } from 'cloudflare:workers'
import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { MAX_MEMBERSHIPS } from '../../src/accounts/invitations/accept-invitation.ts'
import { MAX_A_DAY, MAX_OPEN_INVITATIONS } from '../../src/accounts/invitations/invite-member.ts'
import { invitations, members, organisations } from '../../src/accounts/schema.ts'
import { newId } from '../../src/core/ids.ts'
import { protectedRoutes } from '../harness/auth-battery.ts'
import type { Answer } from '../harness/client.ts'
import { forgetfulDatabase } from '../harness/faults.ts'
import { inviteAndJoin, prove } from '../harness/invitations.ts'
import {
  addOperator,
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
  testContext,
  uniqueEmail,
  userIdOf,
} from '../harness/people.ts'
import { as, at, DAY, HOUR, interrupted, iso, MINUTE, NOW, sweep, useClock } from '../raffles/scenario.ts'
import { mailsTo, tokenIn } from './mail/mailbox.ts'

useClock()

type Who = Pick<Person, 'id'>

const invite = (by: Who, organisationId: string, email: string): Promise<Answer> =>
  as(by, 'POST', `/organisations/${organisationId}/invitations`, { email, role: 'operator' })
const open = (by: Who, organisationId: string, query = ''): Promise<Answer> =>
  as(by, 'GET', `/organisations/${organisationId}/invitations${query}`)
const revoke = (by: Who, organisationId: string, id: string): Promise<Answer> =>
  as(by, 'DELETE', `/organisations/${organisationId}/invitations/${id}`)
const remove = (by: Who, organisationId: string, userId: string): Promise<Answer> =>
  as(by, 'DELETE', `/organisations/${organisationId}/members/${userId}`)
const acceptBy = (by: Who, token: string): Promise<Answer> => as(by, 'POST', '/invitations/accept', { token })
const mine = (by: Who, query = ''): Promise<Answer> => as(by, 'GET', `/users/me/invitations${query}`)
const acceptMine = (by: Who, id: string): Promise<Answer> =>
  as(by, 'POST', `/users/me/invitations/${id}/accept`)
const decline = (by: Who, id: string): Promise<Answer> =>
  as(by, 'POST', `/users/me/invitations/${id}/decline`)

const rowOf = (id: string) =>
  env.DB.prepare('SELECT * FROM invitations WHERE id = ?').bind(id).first<Record<string, unknown>>()
const membership = (organisationId: string, userId: string) =>
  env.DB.prepare('SELECT * FROM members WHERE organisation_id = ? AND user_id = ?')
    .bind(organisationId, userId)
    .first<Record<string, unknown>>()

async function proved(): Promise<Person> {
  const person = await registerPlayer()
  await prove(person)
  return person
}

/** The token of the latest mail to an address. */
async function tokenTo(email: string): Promise<string> {
  await sweep()
  return tokenIn((await mailsTo(email)).at(-1)!)
}

/** An open invitation with the token of its mail. */
async function invited(email = uniqueEmail()) {
  const organisation = await organisationWithOperator()
  const { operator } = organisation
  const { body } = await invite(operator, organisation.id, email)
  return { organisation, operator, email, id: body.id as string, token: await tokenTo(email) }
}

/** What an operator sees of an answer, without what names the address or the time. */
const seen = ({ status, body, headers }: Answer) => ({
  status,
  body: { ...body, id: '', email: '' },
  headers: [...headers].filter(([name]) => !['x-request-id', 'location'].includes(name)),
})

describe('inviting', () => {
  it('answers the same for a stranger, a user, a suspended user and a member, and makes nobody a member', async () => {
    const { id, operator } = await organisationWithOperator()
    const member = await addOperator(id)
    const suspended = await registerPlayer({ status: 'suspended' })
    const addresses = [uniqueEmail(), (await proved()).email, suspended.email, member.email]
    const answers: Answer[] = []
    for (const email of addresses) answers.push(await invite(operator, id, email))
    expect(answers[0]!.status).toBe(201)
    expect(answers[0]!.body).toMatchObject({
      email: addresses[0],
      role: 'operator',
      invitedBy: operator.id,
      createdAt: iso(NOW),
      expiresAt: iso(NOW + 7 * DAY),
    })
    for (const answer of answers) expect(seen(answer)).toEqual(seen(answers[0]!))
    const { body } = await as(operator, 'GET', `/organisations/${id}/members`)
    expect(body.data).toHaveLength(2)
  })

  it('reads nothing about users: the work is the same too', async () => {
    const { id, operator } = await organisationWithOperator()
    const { email } = await proved()
    const asked: string[] = []
    const { DB } = forgetfulDatabase(env.DB, 0, { of: (query) => asked.push(query) > 0 })
    const body = { email, role: 'operator' }
    await as(operator, 'POST', `/organisations/${id}/invitations`, body, { bindings: { DB } })
    expect(asked.length).toBeGreaterThan(3)
    expect(asked.filter((query) => /"email" = \?/.test(query) && /"users"\."email"/.test(query))).toEqual([])
  })

  it('mails the address, in its owner’s language, and says what to do without an account', async () => {
    const { organisation, email } = await invited()
    const [mail] = await mailsTo(email)
    expect(mail!.title).toContain(organisation.name)
    expect(mail!.text).toContain('If you have no account yet, register with this e-mail address first.')
    expect(mail!.text).not.toContain('you have an account with Tombola')
    expect(mail!.text).not.toContain(organisation.operator.name)

    const spanish = await registerPlayer()
    await env.DB.prepare("UPDATE users SET language = 'es' WHERE id = ?").bind(spanish.id).run()
    await invited(spanish.email)
    expect((await mailsTo(spanish.email))[0]!.title).toMatch(/te invita$/)
  })

  it('again prolongs the one invitation, and mails at most once a minute', async () => {
    const { organisation, operator, email, id } = await invited()
    for (const seconds of [30, 90]) {
      at(NOW + seconds * 1_000)
      const again = await invite(operator, organisation.id, email.toUpperCase())
      expect(again.body).toMatchObject({
        id,
        createdAt: iso(NOW),
        expiresAt: iso(NOW + seconds * 1_000 + 7 * DAY),
      })
      await sweep()
    }
    expect(await mailsTo(email)).toHaveLength(2)
    expect((await open(operator, organisation.id)).body.data).toHaveLength(1)
    const [first, second] = await mailsTo(email)
    const person = await registerPlayer({ email, isProved: false })
    expect((await acceptBy(person, tokenIn(first!))).status).toBe(200)
    expect((await acceptBy(person, tokenIn(second!))).status).toBe(422)
  })

  it('at the same time makes one invitation', async () => {
    const { id, operator } = await organisationWithOperator()
    const email = uniqueEmail()
    const answers = await Promise.all([1, 2, 3].map(() => invite(operator, id, email)))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    await sweep()
    expect(await mailsTo(email)).toHaveLength(1)
  })

  it('is repeated after a lost answer without a second mail or audit row', async () => {
    const { id, operator } = await organisationWithOperator()
    const body = { email: uniqueEmail(), role: 'operator' }
    const path = `/organisations/${id}/invitations`
    for (const count of [1, 2]) {
      const { DB, lost } = forgetfulDatabase(env.DB, 1)
      const answer = await as(operator, 'POST', path, body, { bindings: { DB } })
      expect([lost(), answer.status]).toEqual([1, 201])
      const { n } = (await env.DB.prepare(
        "SELECT count(*) AS n FROM audit WHERE action = 'member.invited' AND subject_id = ?",
      )
        .bind(answer.body.id)
        .first<{ n: number }>())!
      expect(n).toBe(count)
      at(NOW + 1_000)
    }
    await sweep()
    expect(await mailsTo(body.email)).toHaveLength(1)
  })

  it('is for members with the permission, and for admins', async () => {
    const { id } = await organisationWithOperator()
    const { operator: stranger } = await organisationWithOperator()
    const guest = await addOperator(id, 'a-role-of-tomorrow')
    const { id: invitationId } = (await invite(await signedInAdmin(), id, uniqueEmail())).body
    for (const [person, status] of [
      [stranger, 404],
      [await registerPlayer(), 404],
      [guest, 403],
    ] as const) {
      expect((await invite(person, id, uniqueEmail())).status).toBe(status)
      expect((await open(person, id)).status).toBe(status)
      expect((await revoke(person, id, invitationId)).status).toBe(status)
    }
    expect((await invite(await signedInAdmin(), newId('organisation'), uniqueEmail())).status).toBe(404)
  })

  it.each([
    ['an invalid address', { email: 'nobody', role: 'operator' }, 'email'],
    ['no address', { role: 'operator' }, 'email'],
    ['an unknown role', { email: 'a@example.com', role: 'owner' }, 'role'],
  ])('is refused for %s', async (_, body, path) => {
    const { id, operator } = await organisationWithOperator()
    const answer = await as(operator, 'POST', `/organisations/${id}/invitations`, body)
    expect(answer.status).toBe(422)
    expect(answer.body.errors[0].path).toBe(path)
  })

  it('by somebody who is removed in the same moment makes nothing', async () => {
    const { id, operator } = await organisationWithOperator()
    const other = await addOperator(id)
    const { DB, done } = interrupted(/^insert into "invitations"/i, () => remove(operator, id, other.id))
    const body = { email: uniqueEmail(), role: 'operator' }
    const answer = await as(other, 'POST', `/organisations/${id}/invitations`, body, { bindings: { DB } })
    expect([done(), answer.status]).toEqual([true, 404])
    expect((await open(operator, id)).body.data).toEqual([])
  })
})

describe('the limits of an organisation', () => {
  /** Fills an organisation with open invitations, directly. */
  async function fill(organisationId: string, invitedBy: string, count: number): Promise<void> {
    const { db } = testContext()
    await db.batch([
      db.insert(invitations).select(sql`
        SELECT 'invite_' || printf('%026d', value), ${organisationId}, 'operator', value || '@example.com', value,
               ${invitedBy}, ${NOW}, ${NOW + DAY}, NULL, NULL, NULL
        FROM json_each(${JSON.stringify(Array.from({ length: count }, (_, n) => n))})`),
    ])
  }

  it(`allow ${MAX_OPEN_INVITATIONS} open invitations, also to requests at the same time`, async () => {
    const { id, operator } = await organisationWithOperator()
    await fill(id, operator.id, MAX_OPEN_INVITATIONS - 1)
    const answers = await Promise.all([1, 2, 3].map(() => invite(operator, id, uniqueEmail())))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409])
    expect(answers.find(({ status }) => status === 409)!.body).toMatchObject({
      code: 'limit_reached',
      detail: expect.stringContaining('Revoke one first'),
    })
    // A repeat needs no room.
    expect((await invite(operator, id, '5@example.com')).status).toBe(201)
    at(NOW + 2 * DAY)
    expect((await invite(operator, id, uniqueEmail())).status).toBe(201)
    await env.DB.prepare('DELETE FROM invitations WHERE organisation_id = ?').bind(id).run()
  })

  it(`allow ${MAX_A_DAY} new invitations a day to one address, so that nobody floods it`, async () => {
    const { id, operator } = await organisationWithOperator()
    const email = uniqueEmail()
    for (let n = 0; n < MAX_A_DAY; n++) {
      const { body } = await invite(operator, id, email)
      expect((await revoke(operator, id, body.id)).status).toBe(204)
    }
    const refused = await invite(operator, id, email)
    expect([refused.status, refused.body.code]).toEqual([409, 'limit_reached'])
    expect((await invite(operator, id, uniqueEmail())).status).toBe(201)
    at(NOW + DAY + 1)
    expect((await invite(operator, id, email)).status).toBe(201)
  })
})

describe('accepting with the token of the mail', () => {
  it('makes a member, brought in by the inviter, and verifies the address', async () => {
    const { organisation, operator, email, id, token } = await invited()
    const person = await registerPlayer({ email, isProved: false })
    const { status, body } = await acceptBy(person, token)
    expect(status).toBe(200)
    expect(body).toMatchObject({ id: organisation.id, name: organisation.name })
    expect(await membership(organisation.id, person.id)).toMatchObject({
      role: 'operator',
      added_by: operator.id,
      created_at: NOW,
    })
    expect((await as(person, 'GET', '/users/me')).body.emailVerified).toBe(true)
    expect((await as(person, 'GET', `/organisations/${organisation.id}/members`)).status).toBe(200)
    expect(await rowOf(id)).toMatchObject({ outcome: 'accepted', ended_by: person.id, email: null })
  })

  it('works for an account that is made after the invitation', async () => {
    const { organisation, email, token } = await invited()
    const body = { email, password: 'correct horse battery', name: 'Amina' }
    await as(null, 'POST', '/auth/register', body)
    const id = await userIdOf(email)
    expect((await acceptBy({ id }, token)).status).toBe(200)
    expect(await membership(organisation.id, id)).not.toBeNull()
  })

  it('is refused to another address, without its name, and leaves the invitation open', async () => {
    const { organisation, operator, email, token } = await invited()
    const { status, body } = await acceptBy(await proved(), token)
    expect([status, body.code]).toEqual([403, 'forbidden'])
    expect(JSON.stringify(body)).not.toContain(email)
    expect(body.detail).toContain('another e-mail address')
    expect((await open(operator, organisation.id)).body.data).toHaveLength(1)
    expect((await acceptBy(await registerPlayer({ email, isProved: false }), token)).status).toBe(200)
  })

  it('happens once, even at the same time', async () => {
    const { organisation, email, token } = await invited()
    const person = await registerPlayer({ email, isProved: false })
    const answers = await Promise.all([1, 2, 3].map(() => acceptBy(person, token)))
    expect(answers.some(({ status }) => status === 200)).toBe(true)
    expect((await acceptBy(person, token)).status).toBe(422)
    const { n } = (await env.DB.prepare(
      "SELECT count(*) AS n FROM audit WHERE action = 'member.joined' AND subject_id = ?",
    )
      .bind(person.id)
      .first<{ n: number }>())!
    expect(n).toBe(1)
    expect(await membership(organisation.id, person.id)).not.toBeNull()
  })

  it('succeeds if the answer of the database is lost', async () => {
    const { organisation, email, token } = await invited()
    const person = await registerPlayer({ email, isProved: false })
    const { DB, lost } = forgetfulDatabase(env.DB, 1)
    const { status } = await as(person, 'POST', '/invitations/accept', { token }, { bindings: { DB } })
    expect([lost(), status]).toEqual([1, 200])
    expect(await membership(organisation.id, person.id)).not.toBeNull()
  })

  it('by somebody who is a member already ends the invitation and changes nothing else', async () => {
    const { id, operator } = await organisationWithOperator()
    const member = await addOperator(id)
    const other = await addOperator(id)
    const before = await membership(id, member.id)
    await invite(other, id, member.email)
    expect((await acceptBy(member, await tokenTo(member.email))).status).toBe(200)
    expect(await membership(id, member.id)).toEqual(before)
    expect((await open(operator, id)).body.data).toEqual([])
  })

  it.each<[string, (staged: Awaited<ReturnType<typeof invited>>) => Promise<unknown>]>([
    ['has expired', async () => at(NOW + 7 * DAY)],
    ['was revoked', ({ operator, organisation, id }) => revoke(operator, organisation.id, id)],
    [
      'came from a member who left since',
      ({ operator, organisation }) => remove(operator, organisation.id, operator.id),
    ],
    [
      'came from a member who was suspended since',
      async ({ operator }) =>
        as(await signedInAdmin(), 'PUT', `/users/${operator.id}/status`, { status: 'suspended' }),
    ],
  ])('fails if the invitation %s, and deletes the address', async (_, end) => {
    const staged = await invited()
    await end(staged)
    const person = await registerPlayer({ email: staged.email, isProved: false })
    await prove(person)
    const { status, body } = await acceptBy(person, staged.token)
    expect([status, body.errors[0].message]).toEqual([422, 'is invalid or has expired'])
    expect((await mine(person)).body.data).toEqual([])
    expect((await acceptMine(person, staged.id)).status).toBe(404)
    expect(await membership(staged.organisation.id, person.id)).toBeNull()
    await sweep()
    expect(await rowOf(staged.id)).toMatchObject({
      email: null,
      email_hash: expect.stringMatching(/^[\w-]{43}$/),
    })
  })

  it('loses against a revocation in the same moment', async () => {
    const { organisation, operator, email, id, token } = await invited()
    const person = await registerPlayer({ email, isProved: false })
    const { DB, done } = interrupted(/^insert into "members"/i, () => revoke(operator, organisation.id, id))
    const answer = await as(person, 'POST', '/invitations/accept', { token }, { bindings: { DB } })
    expect([done(), answer.status]).toEqual([true, 422])
    expect(await membership(organisation.id, person.id)).toBeNull()
    expect((await as(person, 'GET', '/users/me')).body.emailVerified).toBe(false)
  })

  it('is refused with a token of another kind, and with none of ours', async () => {
    const person = await registerPlayer()
    await as(null, 'POST', '/auth/forgot', { email: person.email })
    for (const token of [await tokenTo(person.email), 'x'.repeat(43)]) {
      expect((await acceptBy(person, token)).status).toBe(422)
    }
  })

  it(`is refused to a member of ${MAX_MEMBERSHIPS} organisations, and works after one is left`, async () => {
    const { organisation, email, token } = await invited()
    const person = await registerPlayer({ email, isProved: false })
    const { db } = testContext()
    const ids = Array.from({ length: MAX_MEMBERSHIPS }, () => newId('organisation'))
    const row = (id: string) => ({ id, slug: id, name: 'One of many', createdAt: NOW, updatedAt: NOW })
    for (const id of ids) {
      await db.batch([
        db.insert(organisations).values(row(id)),
        db
          .insert(members)
          .values({ organisationId: id, userId: person.id, role: 'operator', createdAt: NOW }),
      ])
    }
    const { status, body } = await acceptBy(person, token)
    expect([status, body.code]).toEqual([409, 'limit_reached'])
    expect((await as(person, 'GET', '/users/me')).body.emailVerified).toBe(false)
    expect((await remove(person, ids[0]!, person.id)).status).toBe(204)
    expect((await acceptBy(person, token)).status).toBe(200)
    expect(await membership(organisation.id, person.id)).not.toBeNull()
  })
})

describe('a person with a verified address', () => {
  it('sees invitations to it, with the organisation and without the inviter, in pages', async () => {
    const person = await proved()
    const staged = [await organisationWithOperator(), await organisationWithOperator()]
    for (const { operator, id } of staged) await invite(operator, id, person.email)
    await invited()
    const first = (await mine(person, '?limit=1')).body
    const second = (await mine(person, `?limit=1&cursor=${first.nextCursor}`)).body
    expect([...first.data, ...second.data]).toEqual(
      staged.map(({ id, name }) => ({
        id: expect.stringMatching(/^invite_/),
        organisation: { id, name },
        role: 'operator',
        expiresAt: iso(NOW + 7 * DAY),
      })),
    )
    expect(second.nextCursor).toBeNull()
  })

  it('accepts one without its mail', async () => {
    const { id, operator } = await organisationWithOperator()
    const person = await registerPlayer()
    await inviteAndJoin(operator, id, person)
    expect(await membership(id, person.id)).toMatchObject({ added_by: operator.id })
    expect((await mine(person)).body.data).toEqual([])
  })

  it('declines one, also twice, and may be invited again', async () => {
    const { id, operator } = await organisationWithOperator()
    const person = await proved()
    const { id: invitationId } = (await invite(operator, id, person.email)).body
    const token = await tokenTo(person.email)
    expect((await decline(person, invitationId)).status).toBe(204)
    expect((await decline(person, invitationId)).status).toBe(204)
    expect(await rowOf(invitationId)).toMatchObject({ outcome: 'declined', email: null })
    expect((await acceptMine(person, invitationId)).status).toBe(404)
    expect((await acceptBy(person, token)).status).toBe(422)
    expect((await open(operator, id)).body.data).toEqual([])
    expect((await invite(operator, id, person.email)).body.id).not.toBe(invitationId)
  })

  it('can do nothing with an invitation to somebody else', async () => {
    const { id } = await invited()
    const person = await proved()
    expect((await acceptMine(person, id)).status).toBe(404)
    expect((await decline(person, id)).status).toBe(404)
    expect(await rowOf(id)).toMatchObject({ outcome: null })
  })
})

it('a person who has not verified the address sees and does nothing: somebody else may own it', async () => {
  const { id, email } = await invited()
  const stranger = await registerPlayer({ email, isProved: false })
  for (const answer of [await mine(stranger), await acceptMine(stranger, id), await decline(stranger, id)]) {
    expect([answer.status, answer.body.code]).toEqual([403, 'forbidden'])
  }
})

describe('an organisation', () => {
  it('lists its open invitations in pages, oldest first', async () => {
    const { id, operator } = await organisationWithOperator()
    const made: string[] = []
    for (let n = 0; n < 3; n++) made.push((await invite(operator, id, uniqueEmail())).body.id)
    const first = (await open(operator, id, '?limit=2')).body
    const second = (await open(operator, id, `?limit=2&cursor=${first.nextCursor}`)).body
    expect([...first.data, ...second.data].map((each: { id: string }) => each.id)).toEqual(made)
    expect(second.nextCursor).toBeNull()
  })

  it('revokes an invitation, also twice, but not one of another or one that was accepted', async () => {
    const { organisation, operator, email, id, token } = await invited()
    const other = await organisationWithOperator()
    expect((await revoke(other.operator, other.id, id)).status).toBe(404)
    expect((await revoke(operator, organisation.id, newId('invitation'))).status).toBe(404)
    expect((await revoke(operator, organisation.id, id)).status).toBe(204)
    expect((await revoke(operator, organisation.id, id)).status).toBe(204)
    const again = (await invite(operator, organisation.id, email)).body
    await acceptBy(await registerPlayer({ email, isProved: false }), await tokenTo(email))
    expect((await revoke(operator, organisation.id, again.id)).status).toBe(404)
    expect((await acceptBy(await registerPlayer(), token)).status).toBe(422)
  })

  it('keeps the invitations of others when a member goes', async () => {
    const { id, operator } = await organisationWithOperator()
    const other = await addOperator(id)
    const kept = (await invite(operator, id, uniqueEmail())).body.id
    await invite(other, id, uniqueEmail())
    await remove(operator, id, other.id)
    const { body } = await open(operator, id)
    expect(body.data.map((each: { id: string }) => each.id)).toEqual([kept])
  })
})

describe('what is kept of an invitation', () => {
  it('is no address once it has ended, and nothing after ninety days', async () => {
    const { id, email } = await invited()
    at(NOW + 7 * DAY + MINUTE)
    await sweep()
    expect(await rowOf(id)).toMatchObject({ outcome: 'expired', email: null, ended_by: null })
    expect(JSON.stringify(await rowOf(id))).not.toContain(email)
    at(NOW + 97 * DAY)
    await sweep()
    expect(await rowOf(id)).not.toBeNull()
    at(NOW + 97 * DAY + HOUR)
    await sweep()
    expect(await rowOf(id)).toBeNull()
  })

  it('is never sent to anybody if it ended before its mail', async () => {
    const { id, operator } = await organisationWithOperator()
    const email = uniqueEmail()
    await revoke(operator, id, (await invite(operator, id, email)).body.id)
    await sweep()
    expect(await mailsTo(email)).toEqual([])
  })
})

describe('the queries of invitations', () => {
  it.each([
    ['of an organisation', 'organisation_id = ? AND outcome IS NULL AND expires_at > ? ORDER BY id LIMIT 21'],
    ['of an address', 'email = ? AND outcome IS NULL AND expires_at > ? ORDER BY id LIMIT 21'],
    ['that expire', 'outcome IS NULL AND expires_at <= ? ORDER BY expires_at LIMIT 500'],
    ['that are old', 'outcome IS NOT NULL AND ended_at < ? ORDER BY ended_at LIMIT 500'],
    ['of an inviter', 'outcome IS NULL AND invited_by = ?'],
    ['to an address within a day', 'organisation_id = ? AND email_hash = ? AND created_at > ?'],
  ])('%s use an index and sort nothing', async (_, condition) => {
    const query = `EXPLAIN QUERY PLAN SELECT * FROM invitations WHERE ${condition}`
    const bound = Array.from({ length: condition.split('?').length - 1 }, () => 'x')
    const { results } = await env.DB.prepare(query)
      .bind(...bound)
      .all<{ detail: string }>()
    const plan = results.map(({ detail }) => detail).join('\n')
    expect(plan).toMatch(/USING INDEX invitations_/)
    expect(plan).not.toContain('TEMP B-TREE')
  })
})

const someOrganisation = `/api/v1/organisations/${newId('organisation')}`
const someInvitation = newId('invitation')
protectedRoutes([
  { method: 'GET', path: `${someOrganisation}/invitations` },
  {
    method: 'POST',
    path: `${someOrganisation}/invitations`,
    body: { email: 'a@example.com', role: 'operator' },
  },
  { method: 'DELETE', path: `${someOrganisation}/invitations/${someInvitation}` },
  { method: 'POST', path: '/api/v1/invitations/accept', body: { token: 'x'.repeat(43) } },
  { method: 'GET', path: '/api/v1/users/me/invitations' },
  { method: 'POST', path: `/api/v1/users/me/invitations/${someInvitation}/accept` },
  { method: 'POST', path: `/api/v1/users/me/invitations/${someInvitation}/decline` },
])
