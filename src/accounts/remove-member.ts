/** Removes a member from an organisation, or lets a member leave. It takes effect with the next request. */
import { and, eq } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { endInvitations, sentByMember } from './invitations/states.ts'
import { requireMember, requirePermission, requireUser } from './permissions.ts'
import { revokedTokens } from './revocations.ts'
import { members } from './schema.ts'

export async function removeMember(ctx: Ctx, organisationId: string, userId: string): Promise<void> {
  const { userId: endedBy } =
    requireUser(ctx).userId === userId
      ? await requireMember(ctx, organisationId)
      : await requirePermission(ctx, organisationId, 'members:manage')
  const [, removed] = await ctx.db.batch([
    endInvitations(ctx, { outcome: 'revoked', endedBy }, sentByMember(organisationId, userId)),
    ctx.db
      .delete(members)
      .where(and(eq(members.organisationId, organisationId), eq(members.userId, userId)))
      .returning({ userId: members.userId }),
    insertAudit(ctx, { action: 'member.removed', subject: { kind: 'user', id: userId }, organisationId }),
  ])
  revokedTokens.expire()
  if (removed.length === 0) throw notFound('member')
}
