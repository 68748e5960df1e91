/**
 * Invites the owner of an address to an organisation. Neither the answer nor the work depends on whether a user has the
 * address or is a member: nothing about users is read before the mail is sent.
 */
import { and, count, eq, gt, sql } from 'drizzle-orm'
import { insertAudit } from '../../audit/insert-audit.ts'
import type { Ctx } from '../../core/context.ts'
import { withRetry } from '../../core/database.ts'
import { Problem } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { DAY_MS, MINUTE_MS } from '../../core/time.ts'
import { fingerprintOf, insertEmailToken, TOKEN_LIFE_MS } from '../email-token.ts'
import { enqueueMail } from '../mail/enqueue-mail.ts'
import { mayStill, requirePermission } from '../permissions.ts'
import { invitations, mails, organisations } from '../schema.ts'
import type { Invitation, InviteMember } from './contract.ts'
import { presentInvitation } from './present.ts'
import { isOpen } from './states.ts'

export const MAX_OPEN_INVITATIONS = 100
/**
 * New invitations of one organisation to one address in a day, and mails of one invitation in a day. So nobody floods an
 * address, neither by revoking and inviting nor by repeating.
 */
export const MAX_A_DAY = 5
/** The most invitations a day by one person for organisations that no admin has approved. */
const MAX_A_DAY_UNAPPROVED = 20

export async function inviteMember(
  ctx: Ctx,
  organisationId: string,
  { email, role }: InviteMember,
): Promise<Invitation> {
  const { userId } = await requirePermission(ctx, organisationId, 'members:manage')
  const id = newId('invitation')
  const emailHash = fingerprintOf(ctx.settings, email)
  const expiresAt = ctx.now + TOKEN_LIFE_MS.invite
  const open = and(eq(invitations.organisationId, organisationId), isOpen(ctx))
  const isToAddress = and(open, eq(invitations.email, email))
  const toAddress = sql`SELECT ${invitations.id} FROM ${invitations} WHERE ${isToAddress}`
  const ofToday = and(
    eq(invitations.organisationId, organisationId),
    eq(invitations.emailHash, emailHash),
    gt(invitations.createdAt, ctx.now - DAY_MS),
  )
  const numberOf = (which: typeof open) => sql`(SELECT count(*) FROM ${invitations} WHERE ${which})`
  const byMeToday = and(eq(invitations.invitedBy, userId), gt(invitations.createdAt, ctx.now - DAY_MS))
  const isApproved = sql`EXISTS (SELECT 1 FROM ${organisations}
    WHERE ${eq(organisations.id, organisationId)} AND ${organisations.pricedSalesSince} IS NOT NULL)`
  // Anybody may open an organisation, whose name begins the mails to strangers.
  const mayWriteMore = sql`(${isApproved} OR ${numberOf(byMeToday)} < ${MAX_A_DAY_UNAPPROVED})`
  const hasRoom = sql`${numberOf(open)} < ${MAX_OPEN_INVITATIONS} AND ${numberOf(ofToday)} < ${MAX_A_DAY}
    AND ${mayWriteMore}`

  // One statement, so that two requests at once make one invitation, and a hundred at once stay within the limit. The
  // guards also stop a retry after a lost response, and a member who was removed since the permission was read.
  const insert = ctx.db
    .insert(invitations)
    .select(sql`
      SELECT ${id}, ${organisationId}, ${role}, ${email}, ${emailHash}, ${userId}, ${ctx.now}, ${expiresAt}, NULL,
             NULL, NULL
      WHERE NOT EXISTS (SELECT 1 FROM ${invitations} WHERE ${eq(invitations.id, id)})
        AND ${mayStill(userId, organisationId, 'members:manage')}
        AND (EXISTS (${toAddress}) OR (${hasRoom}))`)
    .onConflictDoUpdate({
      target: [invitations.organisationId, invitations.email],
      targetWhere: sql`email IS NOT NULL`,
      set: { role, invitedBy: userId, expiresAt },
      // So that a retry changes nothing and leaves no second audit row.
      setWhere: sql`${invitations.expiresAt} <> ${expiresAt} OR ${invitations.invitedBy} <> ${userId}`,
    })
  const record = insertAudit(ctx, {
    action: 'member.invited',
    subject: { kind: 'invitation', id: sql`(${toAddress})` },
    organisationId,
  })
  const mailsOfToday = sql`(SELECT count(*) FROM ${mails}
    WHERE ${mails.subject} > (${toAddress}) || ':' AND ${mails.subject} < (${toAddress}) || ';'
      AND ${mails.kind} = 'invitation' AND ${mails.createdAt} > ${ctx.now - DAY_MS})`
  const mailId = newId('mail')
  const mail = enqueueMail(
    ctx,
    {
      id: mailId,
      to: null,
      // At most one mail a minute: the outbox keeps one row per subject and kind.
      subject: sql`(${toAddress}) || ':' || ${Math.floor(ctx.now / MINUTE_MS)}`,
      kind: 'invitation',
      data: sql`json_object('invitationId', (${toAddress}), 'organisation', (
        SELECT ${organisations.name} FROM ${organisations} WHERE ${eq(organisations.id, organisationId)}))`,
    },
    sql`EXISTS (${toAddress}) AND ${mailsOfToday} < ${MAX_A_DAY}`,
  )
  const token = insertEmailToken(ctx, 'invite', mailId)
  const read = ctx.db.select().from(invitations).where(isToAddress)
  const readCount = ctx.db.select({ open: count() }).from(invitations).where(open)
  const [, , , , [row], [counted]] = await withRetry(() =>
    ctx.db.batch([insert, record, mail, token, read, readCount]),
  )
  if (row !== undefined) return presentInvitation(row)
  throw await refusal(ctx, organisationId, counted?.open ?? 0)
}

async function refusal(ctx: Ctx, organisationId: string, open: number): Promise<Problem> {
  if (open >= MAX_OPEN_INVITATIONS) {
    return new Problem(
      'limit_reached',
      `An organisation has at most ${MAX_OPEN_INVITATIONS} open invitations. Revoke one first.`,
    )
  }
  await requirePermission(ctx, organisationId, 'members:manage')
  return new Problem(
    'limit_reached',
    `This address had ${MAX_A_DAY} invitations to this organisation within a day. Wait a day before the next.`,
  )
}
