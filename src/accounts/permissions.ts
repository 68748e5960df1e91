/** The one place where it is asked who may do what; looked up each time, so that a change counts at once. */
import { and, eq, isNull } from 'drizzle-orm'
import type { Actor, Ctx } from '../core/context.ts'
import { invalid, notFound, Problem } from '../core/errors.ts'
import { MemberRole } from './contract.ts'
import { members, organisations, sessions, users } from './schema.ts'

/** Everything that can be allowed to a member of an organisation. */
export const PERMISSIONS = [
  'raffles:write',
  'raffles:cancel',
  'winners:manage',
  'members:manage',
  'reports:read',
  'payments:manage',
  'refunds:write',
  'payouts:request',
  'payouts:approve',
  'api-keys:manage',
  'catalogue:write',
] as const
export type Permission = (typeof PERMISSIONS)[number]

const ROLE_PERMISSIONS: Record<MemberRole, readonly Permission[]> = { operator: PERMISSIONS }

/** Somebody who is signed in, by the token alone: for players' reads and purchases. */
export function requireUser(ctx: Ctx): Actor {
  if (ctx.actor === null) throw new Problem('unauthenticated', 'Sign in to do this.')
  return ctx.actor
}

/** Somebody who is signed in, not suspended and not logged out, as of now. */
export async function requireLiveUser(ctx: Ctx): Promise<Actor & { isAdmin: boolean }> {
  const actor = requireUser(ctx)
  const row = await ctx.db
    .select({ role: users.role })
    .from(users)
    .innerJoin(sessions, liveSessionOf(actor))
    .where(isActive(actor))
    .get()
  if (row === undefined) throw noLongerSignedIn()
  return { ...actor, isAdmin: row.role === 'admin' }
}

/** A platform administrator. */
export async function requireAdmin(ctx: Ctx): Promise<Actor> {
  const { isAdmin, ...actor } = await requireLiveUser(ctx)
  if (!isAdmin) throw new Problem('forbidden', 'Only an administrator may do this.')
  return actor
}

/** A member of the organisation, whatever the role, or an admin; to everybody else it does not exist. */
export async function requireMember(ctx: Ctx, organisationId: string): Promise<Actor> {
  await standingIn(ctx, organisationId)
  return requireUser(ctx)
}

/**
 * A member whose role holds `permission`, or an admin. To everybody else the organisation does not exist, nor does what
 * it owns: `what` is that thing, so that the refusal reads as for an id that nobody has.
 */
export async function requirePermission(
  ctx: Ctx,
  organisationId: string,
  permission: Permission,
  what = 'organisation',
): Promise<Actor> {
  const { isAdmin, role } = await standingIn(ctx, organisationId, what)
  if (!isAdmin && !permissionsOf(role).includes(permission)) {
    throw new Problem('forbidden', `Your role in this organisation does not include ${permission}.`)
  }
  return requireUser(ctx)
}

/** Whether somebody may; for what is merely shown or hidden. Anybody may ask, and may be told no. */
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

/** The organisation that the actor acts for: the one named, or the only one there is to choose from. */
export async function organisationFor(ctx: Ctx, organisationId?: string): Promise<string> {
  if (organisationId !== undefined) {
    await standingIn(ctx, organisationId)
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

/** The organisations in which somebody holds one of `permissions`; null for an admin: all of them. */
export async function organisationsWith(
  ctx: Ctx,
  permissions: readonly Permission[],
): Promise<string[] | null> {
  const { userId, isAdmin } = await requireLiveUser(ctx)
  if (isAdmin) return null
  const memberships = await ctx.db.select().from(members).where(eq(members.userId, userId))
  return memberships
    .filter(({ role }) => permissionsOf(role).some((each) => permissions.includes(each)))
    .map(({ organisationId }) => organisationId)
}

interface Standing {
  isAdmin: boolean
  /** Null for an admin who is not a member. */
  role: string | null
}

/** What somebody is in an organisation, in one query. */
async function standingIn(ctx: Ctx, organisationId: string, what = 'organisation'): Promise<Standing> {
  const actor = requireUser(ctx)
  const row = await ctx.db
    .select({ role: users.role, organisationId: organisations.id, memberRole: members.role })
    .from(users)
    .innerJoin(sessions, liveSessionOf(actor))
    .leftJoin(organisations, eq(organisations.id, organisationId))
    .leftJoin(members, and(eq(members.organisationId, organisations.id), eq(members.userId, users.id)))
    .where(isActive(actor))
    .get()
  if (row === undefined) throw noLongerSignedIn()
  const isAdmin = row.role === 'admin'
  if (row.organisationId === null || (!isAdmin && row.memberRole === null)) throw notFound(what)
  return { isAdmin, role: row.memberRole }
}

const isActive = (actor: Actor) => and(eq(users.id, actor.userId), eq(users.status, 'active'))

const liveSessionOf = (actor: Actor) =>
  and(eq(sessions.id, actor.sessionId), eq(sessions.userId, users.id), isNull(sessions.revokedAt))

/** A role that this version does not know allows nothing. */
function permissionsOf(role: string | null): readonly Permission[] {
  const known = MemberRole.safeParse(role)
  return known.success ? ROLE_PERMISSIONS[known.data] : []
}

const noLongerSignedIn = () => new Problem('unauthenticated', 'You are signed out. Sign in again.')
