/** Suspends a user and ends every session and sent invitation at once, or reactivates a user, who must then log in again. */
import { and, eq, isNull, sql } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound, Problem } from '../core/errors.ts'
import type { SetUserStatus, User } from './contract.ts'
import { endInvitations } from './invitations/states.ts'
import { requireAdmin } from './permissions.ts'
import { presentUser } from './present.ts'
import { revokedTokens } from './revocations.ts'
import { invitations, sessions, users } from './schema.ts'

export async function setUserStatus(ctx: Ctx, userId: string, { status }: SetUserStatus): Promise<User> {
  const admin = await requireAdmin(ctx)
  // Otherwise the last admin could suspend their own account, and nobody could undo it.
  if (userId === admin.userId) throw new Problem('invalid_state', 'You cannot change your own status.')
  const update = ctx.db
    .update(users)
    .set({ status, updatedAt: ctx.now })
    .where(eq(users.id, userId))
    .returning()
  const endSessions = ctx.db
    .update(sessions)
    .set({ revokedAt: ctx.now })
    .where(and(eq(sessions.userId, userId), isNull(sessions.revokedAt)))
  const sent = eq(invitations.invitedBy, userId)
  const endSent = endInvitations(ctx, { outcome: 'revoked', endedBy: admin.userId }, sent)
  const isOther = sql`EXISTS (SELECT 1 FROM ${users} WHERE ${users.id} = ${userId} AND ${users.status} <> ${status})`
  // Before the update, which also matches a user who has this status already.
  const record = insertAudit(
    ctx,
    {
      action: status === 'active' ? 'user.reactivated' : 'user.suspended',
      subject: { kind: 'user', id: userId },
      organisationId: null,
    },
    isOther,
  )
  const [, [row]] = await withRetry(() =>
    ctx.db.batch([record, update, ...(status === 'active' ? [] : [endSessions, endSent])]),
  )
  revokedTokens.expire()
  if (row === undefined) throw notFound('user')
  return presentUser(row)
}
