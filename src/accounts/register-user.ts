/** Creates a user with a verification mail. For a taken address, the answer and the writes are the same. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { fold } from '../core/fold.ts'
import { newId } from '../core/ids.ts'
import { HOUR_MS } from '../core/time.ts'
import type { RegisterUser, Registration } from './contract.ts'
import { fingerprintOf, insertEmailToken } from './email-token.ts'
import { enqueueMail } from './mail/enqueue-mail.ts'
import { hashPassword } from './password.ts'
import { refuseWeakPassword } from './password-strength.ts'
import { mails, users } from './schema.ts'

export async function registerUser(ctx: Ctx, input: RegisterUser): Promise<Registration> {
  await refuseWeakPassword(ctx, 'password', input.password, input)
  const { email, name, phone = null, language = null } = input
  const id = newId('user')
  const passwordHash = await hashPassword(input.password)
  const insert = ctx.db
    .insert(users)
    .values({
      id,
      email,
      name,
      folded: fold(name),
      phone,
      language,
      passwordHash,
      createdAt: ctx.now,
      updatedAt: ctx.now,
    })
    .onConflictDoNothing()
  // Two requests may register one address at once. The unique index keeps one row. The id says whose it is, also to a
  // retry after a lost response. So exactly one of the two mails is written, and its token.
  const isOurs = sql`EXISTS (SELECT 1 FROM ${users} WHERE ${eq(users.id, id)})`
  const toNew = newId('mail')
  const toOwner = newId('mail')
  const verify = enqueueMail(ctx, { id: toNew, to: id, subject: id, kind: 'verify_email', data: {} }, isOurs)
  const taken = tellOwner(ctx, { mailId: toOwner, requestId: id, email }, sql`NOT ${isOurs}`)
  await withRetry(() =>
    ctx.db.batch([
      insert,
      verify,
      insertEmailToken(ctx, 'verify', toNew),
      taken,
      insertEmailToken(ctx, 'reset', toOwner),
    ]),
  )
  return { email, name, phone, language, message: 'A mail is on its way to this address.' }
}

/**
 * Tells the owner of a taken address, at most once an hour. A row is written in any case, so that the next request takes
 * as long: a repeat within the hour is a mail to nobody.
 */
function tellOwner(
  ctx: Ctx,
  { mailId, requestId, email }: { mailId: string; requestId: string; email: string },
  guard: SQL,
) {
  const cause = `${fingerprintOf(ctx.settings, email)}:${Math.floor(ctx.now / HOUR_MS)}`
  const isFirst = sql`NOT EXISTS (
    SELECT 1 FROM ${mails} WHERE ${and(eq(mails.subject, cause), eq(mails.kind, 'address_taken'))})`
  const owner = and(eq(users.email, email), eq(users.status, 'active'), isFirst)
  return enqueueMail(
    ctx,
    {
      id: mailId,
      to: sql`(SELECT ${users.id} FROM ${users} WHERE ${owner})`,
      subject: sql`iif(${isFirst}, ${cause}, ${requestId})`,
      kind: 'address_taken',
      data: {},
    },
    guard,
  )
}
