/** Verifies the user's e-mail address with the token from a mail, and sends that mail again. */
import { and, eq, exists, isNull } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, Problem } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { MINUTE_MS } from '../core/time.ts'
import { insertEmailToken, isLive, markTokensUsed } from './email-token.ts'
import { enqueueMail } from './mail/enqueue-mail.ts'
import { hasMailsLeft } from './mail/mail-limit.ts'
import { requireLiveUser } from './permissions.ts'
import { revokedTokens } from './revocations.ts'
import { emailTokens, users } from './schema.ts'

/** Runs after an address is verified; `app.ts` passes it in. A crash may skip it, so the sweep must repeat its work. */
export type AfterVerified = (ctx: Ctx, userId: string) => Promise<void>

export async function verifyEmail(ctx: Ctx, token: string, afterVerified: AfterVerified): Promise<void> {
  const live = isLive(ctx, 'verify', token)
  const found = await ctx.db.select({ userId: emailTokens.userId }).from(emailTokens).where(live).get()
  if (found?.userId == null) throw invalid('token', 'is invalid or has expired')
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
  // Two requests may both read one unused token. The UPDATE is guarded, so the address is verified once, and both succeed.
  await withRetry(() => ctx.db.batch([verify, markTokensUsed(ctx, 'verify', userId)]))
  revokedTokens.expire()
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
    throw new Problem('invalid_state', 'This e-mail address is already verified.')
  }
  const id = newId('mail')
  // At most one mail a minute: the outbox keeps one row per subject and kind.
  const subject = `${userId}:${Math.floor(ctx.now / MINUTE_MS)}`
  const mail = enqueueMail(
    ctx,
    { id, to: userId, subject, kind: 'verify_email', data: {} },
    hasMailsLeft(ctx, 'verify_email', userId),
  )
  await withRetry(() => ctx.db.batch([mail, insertEmailToken(ctx, 'verify', id)]))
}
