/** Ends an invitation before it is accepted: its organisation revokes it, or the invited person declines it. */
import { and, eq } from 'drizzle-orm'
import { insertAudit } from '../../audit/insert-audit.ts'
import type { Ctx } from '../../core/context.ts'
import { withRetry } from '../../core/database.ts'
import { notFound } from '../../core/errors.ts'
import { requirePermission } from '../permissions.ts'
import { invitations } from '../schema.ts'
import { requireProvedAddress } from './proved-address.ts'
import { endInvitations, isOpen } from './states.ts'

/** Idempotent: a repeat finds the invitation revoked. The links in its mails no longer work. */
export async function revokeInvitation(ctx: Ctx, organisationId: string, id: string): Promise<void> {
  const { userId } = await requirePermission(ctx, organisationId, 'members:manage')
  const isIt = and(eq(invitations.id, id), eq(invitations.organisationId, organisationId))
  const [, , [known]] = await withRetry(() =>
    ctx.db.batch([
      endInvitations(ctx, { outcome: 'revoked', endedBy: userId }, and(isIt, isOpen(ctx))),
      insertAudit(ctx, {
        action: 'invitation.revoked',
        subject: { kind: 'invitation', id },
        organisationId,
      }),
      ctx.db
        .select({ id: invitations.id })
        .from(invitations)
        .where(and(isIt, eq(invitations.outcome, 'revoked'))),
    ]),
  )
  if (known === undefined) throw notFound('invitation')
}

/** Idempotent, as above. */
export async function declineInvitation(ctx: Ctx, id: string): Promise<void> {
  const { userId, email } = await requireProvedAddress(ctx)
  const isIt = eq(invitations.id, id)
  const [, [known]] = await withRetry(() =>
    ctx.db.batch([
      endInvitations(
        ctx,
        { outcome: 'declined', endedBy: userId },
        and(isIt, eq(invitations.email, email), isOpen(ctx)),
      ),
      ctx.db
        .select({ id: invitations.id })
        .from(invitations)
        .where(and(isIt, eq(invitations.outcome, 'declined'), eq(invitations.endedBy, userId))),
    ]),
  )
  if (known === undefined) throw notFound('invitation')
}
