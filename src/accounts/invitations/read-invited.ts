/** Reads whom the mail of an invitation is for. */
import { and, eq } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { invitations, type UserRow, users } from '../schema.ts'
import { isOpen } from './states.ts'

/** Undefined if it has ended. The name stays out of the mail, and the language is that of the user who has the address. */
export async function readInvited(
  ctx: Ctx,
  invitationId: string,
): Promise<Pick<UserRow, 'email' | 'name' | 'language'> | undefined> {
  const row = await ctx.db
    .select({ email: invitations.email, language: users.language })
    .from(invitations)
    .leftJoin(users, eq(users.email, invitations.email))
    .where(and(eq(invitations.id, invitationId), isOpen(ctx)))
    .get()
  return row?.email == null ? undefined : { email: row.email, name: '', language: row.language }
}
