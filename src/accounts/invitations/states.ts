/** The conditions and changes of an invitation's state that its verbs share. */
import { and, eq, gt, isNull, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { type InvitationOutcome, invitations, members } from '../schema.ts'

/** The condition for an invitation that can still be accepted. */
export const isOpen = (ctx: Ctx): SQL => and(isNull(invitations.outcome), gt(invitations.expiresAt, ctx.now))!

export interface Ending {
  outcome: InvitationOutcome
  /** Null: nobody, it expired. */
  endedBy: string | null
}

/** A statement that ends invitations which have not ended. The address goes with it; its keyed hash stays. */
export const endInvitations = (ctx: Ctx, { outcome, endedBy }: Ending, which: SQL | undefined) =>
  ctx.db
    .update(invitations)
    .set({ outcome, endedBy, endedAt: ctx.now, email: null })
    .where(and(isNull(invitations.outcome), which))

/**
 * Which invitations end together with a membership: those that the member sent. Otherwise somebody who was removed could
 * still bring people in. Batch it before the membership's deletion.
 */
export const sentByMember = (organisationId: string, userId: string): SQL =>
  and(
    eq(invitations.organisationId, organisationId),
    eq(invitations.invitedBy, userId),
    sql`EXISTS (SELECT 1 FROM ${members} WHERE ${and(
      eq(members.organisationId, organisationId),
      eq(members.userId, userId),
    )})`,
  )!
