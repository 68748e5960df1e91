/** Creates a user with a verification mail, unless a user already has the address. */
import { eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import type { RegisterUser, User } from './contract.ts'
import { insertEmailToken } from './email-token.ts'
import { enqueueMail } from './mail/enqueue-mail.ts'
import { hashPassword } from './password.ts'
import { refuseWeakPassword } from './password-strength.ts'
import { presentUser } from './present.ts'
import { users } from './schema.ts'

export async function registerUser(ctx: Ctx, input: RegisterUser): Promise<User> {
  await refuseWeakPassword(ctx, 'password', input.password, input)
  const id = newId('user')
  const insert = ctx.db
    .insert(users)
    .values({
      id,
      email: input.email,
      name: input.name,
      phone: input.phone ?? null,
      language: input.language ?? null,
      passwordHash: await hashPassword(input.password),
      createdAt: ctx.now,
      updatedAt: ctx.now,
    })
    .onConflictDoNothing()
  const mailId = newId('mail')
  const mail = enqueueMail(
    ctx,
    { id: mailId, to: id, subject: id, kind: 'verify_email', data: {} },
    sql`EXISTS (SELECT 1 FROM ${users} WHERE ${eq(users.id, id)})`,
  )
  const token = insertEmailToken(ctx, 'verify', mailId)
  const read = ctx.db.select().from(users).where(eq(users.email, input.email))
  // Two requests may register one address at once. The unique index keeps one row, and the loser reads another id there.
  // The read is in the same batch, so that a retry after a lost response finds its own row.
  const [, , , [row]] = await withRetry(() => ctx.db.batch([insert, mail, token, read]))
  if (row?.id !== id) throw new Problem('conflict', 'This e-mail address is already registered.')
  return presentUser(row)
}
