/** Gives a user a role in an organisation. */

import { eq } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { invalid, Problem } from '../core/errors.ts'
import { toInstant } from '../core/time.ts'
import type { AddMember, Member } from './contract.ts'
import { requirePermission } from './permissions.ts'
import { revokedTokens } from './revocations.ts'
import { members, users } from './schema.ts'

export async function addMember(ctx: Ctx, organisationId: string, input: AddMember): Promise<Member> {
  const { userId: addedBy } = await requirePermission(ctx, organisationId, 'members:manage')
  const user = await ctx.db
    .select({ userId: users.id, name: users.name, email: users.email })
    .from(users)
    .where(input.userId === undefined ? eq(users.email, input.email ?? '') : eq(users.id, input.userId))
    .get()
  if (user === undefined) {
    throw input.userId === undefined
      ? invalid('email', 'no user has this e-mail address')
      : invalid('userId', 'there is no such user')
  }
  // Not retried after a lost response: the retry could not tell its own row from an earlier membership.
  const [[row]] = await ctx.db.batch([
    ctx.db
      .insert(members)
      .values({ organisationId, userId: user.userId, role: input.role, createdAt: ctx.now, addedBy })
      .onConflictDoNothing()
      .returning(),
    insertAudit(ctx, {
      action: 'member.added',
      subject: { kind: 'user', id: user.userId },
      organisationId,
    }),
  ])
  revokedTokens.expire()
  if (row === undefined) throw new Problem('conflict', 'This user is already a member.')
  return { ...user, role: input.role, createdAt: toInstant(row.createdAt) }
}
