/**
 * Tokens in mails: a token lets the reader of a mail do one thing, once, for a limited time. A token is an HMAC of its
 * mail's id. So the sweep can compute it when it sends the mail, and the tables keep only its hash.
 */
import { createHash } from 'node:crypto'
import { and, eq, gt, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { keyedHash } from '../core/keyed-hash.ts'
import type { Settings } from '../core/settings.ts'
import { DAY_MS, MINUTE_MS } from '../core/time.ts'
import { type EmailTokenKind, emailTokens, mails } from './schema.ts'

export const TOKEN_LIFE_MS: Record<EmailTokenKind, number> = {
  verify: 3 * DAY_MS,
  reset: 60 * MINUTE_MS,
  invite: 7 * DAY_MS,
}

export const tokenOfMail = (settings: Settings, mailId: string): string =>
  keyedHash(settings, 'tombola e-mail tokens 1', mailId)

/** Identifies an e-mail address without revealing it. */
export const fingerprintOf = (settings: Settings, email: string): string =>
  keyedHash(settings, 'tombola e-mail addresses 1', email)

const hashOfToken = (token: string): string => createHash('sha256').update(token).digest('base64url')

/** A statement that inserts the token of `mailId` if that mail was enqueued. Batch it after `enqueueMail`. */
export function insertEmailToken(ctx: Ctx, kind: EmailTokenKind, mailId: string) {
  const hash = hashOfToken(tokenOfMail(ctx.settings, mailId))
  return ctx.db
    .insert(emailTokens)
    .select(sql`
      SELECT ${hash}, ${kind}, ${mails.userId}, ${ctx.now}, ${ctx.now + TOKEN_LIFE_MS[kind]}, NULL,
             ${mails.data}->>'invitationId'
      FROM ${mails} WHERE ${mails.id} = ${mailId}`)
    .onConflictDoNothing()
}

/** The condition for a token that is known, unused and not expired. */
export const isLive = (ctx: Ctx, kind: EmailTokenKind, token: string) =>
  and(
    eq(emailTokens.hash, hashOfToken(token)),
    eq(emailTokens.kind, kind),
    isNull(emailTokens.usedAt),
    gt(emailTokens.expiresAt, ctx.now),
    isNotNull(kind === 'invite' ? emailTokens.invitationId : emailTokens.userId),
  )

/** A statement that marks all tokens of one kind of a user as used, if `guard` is true. */
export const markTokensUsed = (ctx: Ctx, kind: EmailTokenKind, userId: string, guard: SQL = sql`true`) =>
  ctx.db
    .update(emailTokens)
    .set({ usedAt: ctx.now })
    .where(and(eq(emailTokens.userId, userId), eq(emailTokens.kind, kind), isNull(emailTokens.usedAt), guard))
