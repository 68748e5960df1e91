/** Decides who may do what. Roles are read from D1's primary each time. Ended sessions: `revocations.ts`. */
import { and, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import type { Actor, Ctx } from '../core/context.ts'
import { invalid, notFound, Problem } from '../core/errors.ts'
import { notForKeys } from '../core/openapi.ts'
import { onPrimary } from '../core/position.ts'
import { MemberRole } from './contract.ts'
import { members, organisations, sessions, users } from './schema.ts'

/** Every permission that a member of an organisation may have. */
export const PERMISSIONS = [
  'raffles:write',
  'raffles:cancel',
  'events:write',
  'events:cancel',
  'check_ins:write',
  'winners:manage',
  'entrants:read',
  'members:manage',
  'reports:read',
  'payments:manage',
  'refunds:write',
  'payouts:request',
  'payouts:approve',
  'api-keys:manage',
  'catalogue:write',
  'selling:manage',
] as const
export type Permission = (typeof PERMISSIONS)[number]

const ROLE_PERMISSIONS: Record<MemberRole, readonly Permission[]> = { operator: PERMISSIONS }

/** Requires a signed-in user, by the token alone: for purchases and their tickets, which go on while D1 is silent. */
export function requireUser(ctx: Ctx): Actor {
  if (ctx.actor === null)
    throw ctx.apiKey === null ? new Problem('unauthenticated', 'Sign in to do this.') : notForKeys()
  return ctx.actor
}

/** Requires a signed-in user whose token was not revoked until a second ago: for all else that is the user's own. */
export function requireCheckedUser(ctx: Ctx): Actor {
  const actor = requireUser(ctx)
  if (!actor.isChecked) {
    throw new Problem('unavailable', 'Your session cannot be checked now. Try again in a moment.')
  }
  return actor
}

/** Requires a signed-in user who is not suspended and has not logged out, as stored in D1. */
export async function requireLiveUser(ctx: Ctx): Promise<Actor & { isAdmin: boolean }> {
  const actor = requireUser(ctx)
  const row = await onPrimary(() =>
    ctx.db
      .select({ role: users.role })
      .from(users)
      .innerJoin(sessions, liveSessionOf(actor))
      .where(isActive(actor))
      .get(),
  )
  if (row === undefined) throw noLongerSignedIn()
  return { ...actor, isAdmin: row.role === 'admin' }
}

/** Requires a platform administrator. */
export async function requireAdmin(ctx: Ctx): Promise<Actor> {
  const { isAdmin, ...actor } = await requireLiveUser(ctx)
  if (!isAdmin) throw new Problem('forbidden', 'Only an administrator may do this.')
  return actor
}

/** Requires a member with any role, or an admin. For everyone else the organisation is not found. */
export async function requireMember(ctx: Ctx, organisationId: string): Promise<Actor> {
  await readAccess(ctx, organisationId)
  return requireUser(ctx)
}

/**
 * Requires a member whose role includes `permission`, or an admin. Everyone else gets "No such `what`", the same as for
 * an unknown id. `what` is the owned thing, such as `raffle`.
 */
export async function requirePermission(
  ctx: Ctx,
  organisationId: string,
  permission: Permission,
  what = 'organisation',
): Promise<Actor> {
  const { isAdmin, role } = await readAccess(ctx, organisationId, what)
  if (!isAdmin && !permissionsOf(role).includes(permission)) {
    throw new Problem('forbidden', `Your role in this organisation does not include ${permission}.`)
  }
  return requireUser(ctx)
}

/** Whether the user has a permission, to show or hide data. False if nobody is signed in. */
export async function hasPermission(
  ctx: Ctx,
  organisationId: string,
  permission: Permission,
): Promise<boolean> {
  if (ctx.actor === null) return false
  try {
    await requirePermission(ctx, organisationId, permission)
    return true
  } catch (error) {
    if (error instanceof Problem) return false
    throw error
  }
}

/** The organisation that the user acts for: the named one, or the user's only one. */
export async function organisationFor(ctx: Ctx, organisationId?: string): Promise<string> {
  if (organisationId !== undefined) {
    await readAccess(ctx, organisationId)
    return organisationId
  }
  const { userId, isAdmin } = await requireLiveUser(ctx)
  const [only, ...more] = await ctx.db
    .select({ id: members.organisationId })
    .from(members)
    .where(eq(members.userId, userId))
    .limit(2)
  if (only !== undefined && more.length === 0) return only.id
  if (only === undefined && !isAdmin) {
    throw new Problem('forbidden', 'You are not a member of any organisation.')
  }
  throw invalid('organisationId', 'name the organisation that you act for')
}

/** The organisations in which the user has one of `permissions`; null for an admin, who has all. */
export async function organisationsWith(
  ctx: Ctx,
  permissions: readonly Permission[],
): Promise<string[] | null> {
  const { userId, isAdmin } = await requireLiveUser(ctx)
  if (isAdmin) return null
  const memberships = await onPrimary(() => ctx.db.select().from(members).where(eq(members.userId, userId)))
  return memberships
    .filter(({ role }) => permissionsOf(role).some((each) => permissions.includes(each)))
    .map(({ organisationId }) => organisationId)
}

/**
 * The condition that a user has a permission while a statement runs. A verb that gives somebody access repeats its check
 * so: the permission may have been lost since it was read.
 */
export const mayStill = (userId: string, organisationId: string, permission: Permission): SQL => {
  const roles = MemberRole.options.filter((role) => ROLE_PERMISSIONS[role].includes(permission))
  const isMember = and(
    eq(members.organisationId, organisationId),
    eq(members.userId, userId),
    inArray(members.role, roles),
  )
  return sql`EXISTS (
    SELECT 1 FROM ${users} WHERE ${eq(users.id, userId)} AND ${eq(users.status, 'active')}
      AND (${eq(users.role, 'admin')} OR EXISTS (SELECT 1 FROM ${members} WHERE ${isMember})))`
}

interface Access {
  isAdmin: boolean
  /** Null for an admin who is not a member. */
  role: string | null
}

/** The user's role in an organisation, in one query. Throws if the user may not see it. */
async function readAccess(ctx: Ctx, organisationId: string, what = 'organisation'): Promise<Access> {
  const actor = requireUser(ctx)
  const row = await onPrimary(() =>
    ctx.db
      .select({ role: users.role, organisationId: organisations.id, memberRole: members.role })
      .from(users)
      .innerJoin(sessions, liveSessionOf(actor))
      .leftJoin(organisations, eq(organisations.id, organisationId))
      .leftJoin(members, and(eq(members.organisationId, organisations.id), eq(members.userId, users.id)))
      .where(isActive(actor))
      .get(),
  )
  if (row === undefined) throw noLongerSignedIn()
  const isAdmin = row.role === 'admin'
  if (row.organisationId === null || (!isAdmin && row.memberRole === null)) throw notFound(what)
  return { isAdmin, role: row.memberRole }
}

const isActive = (actor: Actor) => and(eq(users.id, actor.userId), eq(users.status, 'active'))

const liveSessionOf = (actor: Actor) =>
  and(eq(sessions.id, actor.sessionId), eq(sessions.userId, users.id), isNull(sessions.revokedAt))

/** A role that this version does not know has no permissions. */
function permissionsOf(role: string | null): readonly Permission[] {
  const known = MemberRole.safeParse(role)
  return known.success ? ROLE_PERMISSIONS[known.data] : []
}

const noLongerSignedIn = () => new Problem('unauthenticated', 'You are signed out. Sign in again.')
