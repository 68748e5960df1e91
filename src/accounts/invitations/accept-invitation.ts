/** Accepts an invitation: the invited person becomes a member. */
import { and, count, eq, isNull, type SQL, sql } from 'drizzle-orm'
import { insertAudit } from '../../audit/insert-audit.ts'
import type { Ctx } from '../../core/context.ts'
import { withRetry } from '../../core/database.ts'
import { invalid, notFound, Problem } from '../../core/errors.ts'
import type { Organisation } from '../contract.ts'
import { isLive, markTokensUsed } from '../email-token.ts'
import { requireLiveUser } from '../permissions.ts'
import { presentOrganisation } from '../present.ts'
import { revokedTokens } from '../revocations.ts'
import { emailTokens, invitations, members, organisations, users } from '../schema.ts'
import type { AfterVerified } from '../verify-email.ts'
import { requireProvedAddress } from './proved-address.ts'
import { endInvitations, isOpen } from './states.ts'

export const MAX_MEMBERSHIPS = 50

/** What higher layers do about a new member; `app.ts` passes it in. */
export interface JoinHooks {
  /** Runs before a membership begins, and throws why it must not. */
  beforeJoining: (ctx: Ctx, userId: string, organisationId: string) => Promise<void>
  afterVerified: AfterVerified
}

/** With the token of a mail. It proves that the user reads mail at the address, so the address is verified from then on. */
export async function acceptByToken(ctx: Ctx, token: string, hooks: JoinHooks): Promise<Organisation> {
  const { userId } = await requireLiveUser(ctx)
  const found = await ctx.db
    .select({ id: invitations.id, email: invitations.email, ownEmail: users.email })
    .from(emailTokens)
    .innerJoin(invitations, eq(invitations.id, emailTokens.invitationId))
    .leftJoin(users, eq(users.id, userId))
    .where(and(isLive(ctx, 'invite', token), isOpen(ctx)))
    .get()
  if (found === undefined) throw deadToken()
  if (found.email !== found.ownEmail) {
    throw new Problem(
      'forbidden',
      'This invitation is for another e-mail address. Sign in with the account of the address that got the mail.',
    )
  }
  return accept(ctx, { id: found.id, userId, hooks, ended: deadToken })
}

/** By its id, for a user who has verified the invited address. */
export async function acceptMine(ctx: Ctx, id: string, hooks: JoinHooks): Promise<Organisation> {
  const { userId } = await requireProvedAddress(ctx)
  return accept(ctx, { id, userId, hooks, ended: () => notFound('invitation') })
}

const deadToken = () => invalid('token', 'is invalid or has expired')

interface Acceptance {
  id: string
  userId: string
  hooks: JoinHooks
  /** The error if the invitation is not open, or is for another address. */
  ended: () => Problem
}

/**
 * Every statement of the batch repeats the conditions: the invitation may have been revoked, or its address suspended,
 * since it was read. The membership comes first, and the others follow only if it exists. So a refusal changes nothing,
 * and of two acceptances at once one joins.
 */
async function accept(ctx: Ctx, { id, userId, hooks, ended }: Acceptance): Promise<Organisation> {
  const organisationOf = sql`(
    SELECT ${invitations.organisationId} FROM ${invitations} WHERE ${eq(invitations.id, id)})`
  const own = sql`(
    SELECT ${users.email} FROM ${users} WHERE ${and(eq(users.id, userId), eq(users.status, 'active'))})`
  const isMine = and(eq(invitations.id, id), isOpen(ctx), sql`${invitations.email} = ${own}`)
  const hasJoined = sql`EXISTS (SELECT 1 FROM ${members} WHERE ${eq(members.userId, userId)}
    AND ${members.organisationId} = ${organisationOf})`
  const open = await ctx.db
    .select({ organisationId: invitations.organisationId })
    .from(invitations)
    .where(isMine)
    .get()
  if (open !== undefined) await hooks.beforeJoining(ctx, userId, open.organisationId)
  const isAccepted = sql`EXISTS (SELECT 1 FROM ${invitations} WHERE ${isMine}) AND ${hasJoined}`

  const join = ctx.db
    .insert(members)
    .select(sql`
      SELECT ${invitations.organisationId}, ${userId}, ${invitations.role}, ${ctx.now}, ${invitations.invitedBy}
      FROM ${invitations} WHERE ${isMine} AND ${membershipsOf(userId)} < ${MAX_MEMBERSHIPS}`)
    .onConflictDoNothing()
  const record = insertAudit(ctx, {
    action: 'member.joined',
    subject: { kind: 'user', id: userId },
    organisationId: organisationOf,
  })
  const verify = ctx.db
    .update(users)
    .set({ emailVerifiedAt: ctx.now, updatedAt: ctx.now })
    .where(and(eq(users.id, userId), isNull(users.emailVerifiedAt), isAccepted))
  const voidMails = markTokensUsed(ctx, 'verify', userId, isAccepted)
  const end = endInvitations(ctx, { outcome: 'accepted', endedBy: userId }, and(isMine, hasJoined))
  const read = ctx.db
    .select({ organisation: organisations, outcome: invitations.outcome, endedBy: invitations.endedBy })
    .from(invitations)
    .innerJoin(organisations, eq(organisations.id, invitations.organisationId))
    .where(eq(invitations.id, id))
  const readCount = ctx.db.select({ joined: count() }).from(members).where(eq(members.userId, userId))
  const [, , , , , [row], [counted]] = await withRetry(() =>
    ctx.db.batch([join, record, verify, voidMails, end, read, readCount]),
  )
  revokedTokens.expire()
  // A retry after a lost response finds what it has done itself.
  if (row?.outcome === 'accepted' && row.endedBy === userId) {
    await hooks.afterVerified(ctx, userId)
    return presentOrganisation(row.organisation)
  }
  throw await refusal(ctx, { isMine, joined: counted?.joined ?? 0, ended })
}

async function refusal(
  ctx: Ctx,
  { isMine, joined, ended }: { isMine: SQL | undefined; joined: number; ended: () => Problem },
): Promise<Problem> {
  const open = await ctx.db.select({ id: invitations.id }).from(invitations).where(isMine).get()
  if (open === undefined || joined < MAX_MEMBERSHIPS) return ended()
  return new Problem(
    'limit_reached',
    `You are a member of ${MAX_MEMBERSHIPS} organisations, which is the most. Leave one first.`,
  )
}

const membershipsOf = (userId: string): SQL =>
  sql`(SELECT count(*) FROM ${members} WHERE ${eq(members.userId, userId)})`
