import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  hasPermission,
  organisationFor,
  PERMISSIONS,
  requireAdmin,
  requireLiveUser,
  requireMember,
  requirePermission,
  requireUser,
} from '../../src/accounts/permissions.ts'
import { members } from '../../src/accounts/schema.ts'
import type { Ctx } from '../../src/core/context.ts'
import { newId } from '../../src/core/ids.ts'
import {
  addOperator,
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
  strangerFacts,
  testContext,
} from '../harness/people.ts'

/** The context of a request by `person`. */
function as(person: Person | null): Ctx {
  const actor =
    person === null ? null : { ...strangerFacts(person.id), sessionId: person.sessionId, isChecked: true }
  return { ...testContext(), actor }
}

const code = (code: string) => expect.objectContaining({ code })

describe('requireUser and requireAdmin', () => {
  it('refuse a request without a user', async () => {
    expect(() => requireUser(as(null))).toThrow(code('unauthenticated'))
    await expect(requireAdmin(as(null))).rejects.toEqual(code('unauthenticated'))
    await expect(requireLiveUser(as(null))).rejects.toEqual(code('unauthenticated'))
    await expect(requireMember(as(null), newId('organisation'))).rejects.toEqual(code('unauthenticated'))
    await expect(organisationFor(as(null))).rejects.toEqual(code('unauthenticated'))
  })

  it('return the user', async () => {
    const admin = await signedInAdmin()
    expect(requireUser(as(admin)).userId).toBe(admin.id)
    expect(await requireAdmin(as(admin))).toMatchObject({ userId: admin.id, sessionId: admin.sessionId })
  })

  it('refuse a session that belongs to another user', async () => {
    const [one, two] = [await signedInAdmin(), await signedInAdmin()]
    const mixed = as({ ...one, sessionId: two.sessionId })
    await expect(requireAdmin(mixed)).rejects.toEqual(code('unauthenticated'))
  })
})

describe('requirePermission', () => {
  it('allows every permission to an operator and an admin', async () => {
    const { id, operator } = await organisationWithOperator()
    const admin = await signedInAdmin()
    for (const permission of PERMISSIONS) {
      expect((await requirePermission(as(operator), id, permission)).userId).toBe(operator.id)
      expect((await requirePermission(as(admin), id, permission)).userId).toBe(admin.id)
    }
  })

  it('hides the organisation from strangers, and refuses a member without the permission', async () => {
    const { id } = await organisationWithOperator()
    const player = await registerPlayer()
    const guest = await addOperator(id, 'a-role-of-tomorrow')
    await expect(requirePermission(as(player), id, 'raffles:write')).rejects.toEqual(code('not_found'))
    await expect(requirePermission(as(guest), id, 'raffles:write')).rejects.toEqual(code('forbidden'))
    expect((await requireMember(as(guest), id)).userId).toBe(guest.id)
  })

  it.each([
    ['a suspension', "UPDATE users SET status = 'suspended' WHERE id = ?1", 'unauthenticated'],
    ['a logout', 'UPDATE sessions SET revoked_at = 1 WHERE user_id = ?1', 'unauthenticated'],
    ['the loss of the role', 'DELETE FROM members WHERE user_id = ?1', 'not_found'],
  ])('applies %s at once', async (_, statement, expected) => {
    const { id, operator } = await organisationWithOperator()
    await requirePermission(as(operator), id, 'raffles:write')
    await env.DB.prepare(statement).bind(operator.id).run()
    await expect(requirePermission(as(operator), id, 'raffles:write')).rejects.toEqual(code(expected))
  })
})

describe('hasPermission', () => {
  it('returns true or false and never throws', async () => {
    const { id, operator } = await organisationWithOperator()
    expect(await hasPermission(as(operator), id, 'reports:read')).toBe(true)
    expect(await hasPermission(as(await registerPlayer()), id, 'reports:read')).toBe(false)
    expect(await hasPermission(as(null), id, 'reports:read')).toBe(false)
  })
})

describe('organisationFor', () => {
  it('returns the named organisation to its members and to admins', async () => {
    const { id, operator } = await organisationWithOperator()
    expect(await organisationFor(as(operator), id)).toBe(id)
    expect(await organisationFor(as(await signedInAdmin()), id)).toBe(id)
    await expect(organisationFor(as(await registerPlayer()), id)).rejects.toEqual(code('not_found'))
  })

  it('returns the only organisation of a member if none is named', async () => {
    const { id, operator } = await organisationWithOperator()
    expect(await organisationFor(as(operator))).toBe(id)
  })

  it('requires a name from a member of several organisations', async () => {
    const { operator } = await organisationWithOperator()
    const { id: second } = await organisationWithOperator()
    const { db, now } = testContext()
    await db
      .insert(members)
      .values({ organisationId: second, userId: operator.id, role: 'operator', createdAt: now })
    await expect(organisationFor(as(operator))).rejects.toEqual(code('validation_failed'))
  })

  it('requires a name from an admin without an organisation, and refuses a player', async () => {
    await expect(organisationFor(as(await signedInAdmin()))).rejects.toEqual(code('validation_failed'))
    await expect(organisationFor(as(await registerPlayer()))).rejects.toEqual(code('forbidden'))
  })
})
