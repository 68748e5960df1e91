/**
 * Suspends a user: ends every session and sent invitation at once, and makes it due to take back what the user holds. Or
 * reactivates a user, who must then log in again, and gets nothing back.
 */
import { and, eq, isNull, sql } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound, Problem } from '../core/errors.ts'
import type { SetUserStatus, User } from './contract.ts'
import { endInvitations } from './invitations/states.ts'
import { enqueueMail } from './mail/enqueue-mail.ts'
import { requireAdmin } from './permissions.ts'
import { presentUser } from './present.ts'
import { revokedTokens } from './revocations.ts'
import { invitations, sessions, suspensions, users } from './schema.ts'

/** Runs after a suspension; `app.ts` passes it in. A crash may skip it, so the sweep must repeat its work. Never throws. */
export type AfterSuspended = (ctx: Ctx, userId: string) => Promise<void>

export async function setUserStatus(
  ctx: Ctx,
  userId: string,
  { status }: SetUserStatus,
  afterSuspended: AfterSuspended,
): Promise<User> {
  const admin = await requireAdmin(ctx)
  // Otherwise the last admin could suspend their own account, and nobody could undo it.
  if (userId === admin.userId) throw new Problem('invalid_state', 'You cannot change your own status.')
  const update = ctx.db
    .update(users)
    .set({ status, updatedAt: ctx.now })
    .where(eq(users.id, userId))
    .returning()
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
  const before =
    status === 'active'
      ? [stopTakingBack(ctx, userId)]
      : [mailOf(ctx, userId, isOther), takeBack(ctx, userId)]
  const after = status === 'active' ? [] : [endSessions(ctx, userId), endSent]
  const answers = await withRetry(() => ctx.db.batch([record, ...before, update, ...after]))
  revokedTokens.expire()
  const [row] = answers[1 + before.length] as Awaited<typeof update>
  if (row === undefined) throw notFound('user')
  if (status === 'suspended') await afterSuspended(ctx, userId)
  return presentUser(row)
}

const endSessions = (ctx: Ctx, userId: string) =>
  ctx.db
    .update(sessions)
    .set({ revokedAt: ctx.now })
    .where(and(eq(sessions.userId, userId), isNull(sessions.revokedAt)))

/** The time is part of the cause, because a user can be suspended again. */
const mailOf = (ctx: Ctx, userId: string, guard: ReturnType<typeof sql>) =>
  enqueueMail(ctx, { to: userId, subject: `${userId}:${ctx.now}`, kind: 'suspended', data: {} }, guard)

/** A suspension that is repeated starts again from the first pass. Before the update of the user's status. */
function takeBack(ctx: Ctx, userId: string) {
  const isSuspended = sql`EXISTS (SELECT 1 FROM ${users} WHERE ${users.id} = ${userId} AND ${users.status} = 'suspended')`
  return ctx.db
    .insert(suspensions)
    .select(sql`SELECT ${users.id}, ${ctx.now}, 0, ${ctx.now} FROM ${users} WHERE ${users.id} = ${userId}`)
    .onConflictDoUpdate({
      target: suspensions.userId,
      set: {
        startedAt: sql`iif(${isSuspended}, ${suspensions.startedAt}, ${ctx.now})`,
        passes: 0,
        dueAt: ctx.now,
      },
    })
}

const stopTakingBack = (ctx: Ctx, userId: string) =>
  ctx.db.update(suspensions).set({ dueAt: null }).where(eq(suspensions.userId, userId))
