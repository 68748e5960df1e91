/** Takes the token of a mail for proof that its reader has the account's address; and sends another such mail. */
import { and, eq, exists, isNull } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, Problem } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { MINUTE_MS } from '../core/time.ts'
import { insertEmailToken, isLive, useUpTokens } from './email-token.ts'
import { enqueueMail } from './mail/enqueue-mail.ts'
import { requireLiveUser } from './permissions.ts'
import { emailTokens, users } from './schema.ts'

/** What other domains do once a user has proved an address; `app.ts` hands it in. It may be lost in a crash. */
export type AfterVerified = (ctx: Ctx, userId: string) => Promise<void>

export async function verifyEmail(ctx: Ctx, token: string, afterVerified: AfterVerified): Promise<void> {
  const live = isLive(ctx, 'verify', token)
  const found = await ctx.db.select({ userId: emailTokens.userId }).from(emailTokens).where(live).get()
  if (found?.userId == null) throw invalid('token', 'is not valid, or not any more')
  const { userId } = found
  const verify = ctx.db
    .update(users)
    .set({ emailVerifiedAt: ctx.now, updatedAt: ctx.now })
    .where(
      and(
        eq(users.id, userId),
        isNull(users.emailVerifiedAt),
        exists(ctx.db.select({ hash: emailTokens.hash }).from(emailTokens).where(live)),
      ),
    )
  // Two who use one token at once both read that it counts; it does the same thing, which is done once.
  await withRetry(() => ctx.db.batch([verify, useUpTokens(ctx, 'verify', userId)]))
  await afterVerified(ctx, userId)
}

export async function resendVerification(ctx: Ctx): Promise<void> {
  const { userId } = await requireLiveUser(ctx)
  const user = await ctx.db
    .select({ emailVerifiedAt: users.emailVerifiedAt })
    .from(users)
    .where(eq(users.id, userId))
    .get()
  if (user === undefined || user.emailVerifiedAt !== null) {
    throw new Problem('invalid_state', 'This e-mail address is verified already.')
  }
  const id = newId('mail')
  // One a minute, however often it is asked for.
  const subject = `${userId}:${Math.floor(ctx.now / MINUTE_MS)}`
  const mail = enqueueMail(ctx, { id, to: userId, subject, kind: 'verify_email', data: {} })
  await withRetry(() => ctx.db.batch([mail, insertEmailToken(ctx, 'verify', id)]))
}
