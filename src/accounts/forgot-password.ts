/** Sends a mail to reset a password. For an unknown address, the response and the writes are the same. */
import { and, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { newId } from '../core/ids.ts'
import { MINUTE_MS } from '../core/time.ts'
import { fingerprintOf, insertEmailToken } from './email-token.ts'
import { enqueueMail } from './mail/enqueue-mail.ts'
import { hasMailsLeft } from './mail/mail-limit.ts'
import { users } from './schema.ts'

export async function forgotPassword(ctx: Ctx, email: string): Promise<void> {
  const address = fingerprintOf(ctx.settings, email)
  const id = newId('mail')
  const owner = ctx.db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.email, email), eq(users.status, 'active')))
  const mail = enqueueMail(
    ctx,
    {
      id,
      to: sql`(${owner})`,
      // At most one mail a minute: the outbox keeps one row per subject and kind. A limit on requests for one address would
      // let a stranger refuse them to its owner.
      subject: `${address}:${Math.floor(ctx.now / MINUTE_MS)}`,
      kind: 'reset_password',
      data: {},
    },
    hasMailsLeft(ctx, 'reset_password', address),
  )
  await withRetry(() => ctx.db.batch([mail, insertEmailToken(ctx, 'reset', id)]))
}
