/**
 * Tokens that a mail brings: what who reads the mail may do, once and for a while. A token is made from its mail's id
 * under a key of the worker, so that it can be written into the mail when that is sent, while the tables hold its hash.
 */
import { createHash, createHmac } from 'node:crypto'
import { and, eq, gt, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { Settings } from '../core/settings.ts'
import { DAY_MS, MINUTE_MS } from '../core/time.ts'
import { type EmailTokenKind, emailTokens, mails } from './schema.ts'

export const TOKEN_LIFE_MS: Record<EmailTokenKind, number> = { verify: 3 * DAY_MS, reset: 60 * MINUTE_MS }

/** The label keeps it apart from whatever else the same secret signs. */
const keyedHash = ({ JWT_SECRET }: Pick<Settings, 'JWT_SECRET'>, label: string, text: string): string => {
  const key = createHmac('sha256', JWT_SECRET).update(label).digest()
  return createHmac('sha256', key).update(text).digest('base64url')
}

export const tokenOfMail = (settings: Settings, mailId: string): string =>
  keyedHash(settings, 'tombola e-mail tokens 1', mailId)

/** Names an address without saying it. */
export const fingerprintOf = (settings: Settings, email: string): string =>
  keyedHash(settings, 'tombola e-mail addresses 1', email)

export const hashOfToken = (token: string): string => createHash('sha256').update(token).digest('base64url')

/** A statement, to be batched after the one that enqueues `mailId`: the token of that mail, if it was enqueued. */
export function insertEmailToken(ctx: Ctx, kind: EmailTokenKind, mailId: string) {
  const hash = hashOfToken(tokenOfMail(ctx.settings, mailId))
  return ctx.db
    .insert(emailTokens)
    .select(sql`
      SELECT ${hash}, ${kind}, ${mails.userId}, ${ctx.now}, ${ctx.now + TOKEN_LIFE_MS[kind]}, NULL
      FROM ${mails} WHERE ${mails.id} = ${mailId}`)
    .onConflictDoNothing()
}

/** What holds for a token that still counts. */
export const isLive = (ctx: Ctx, kind: EmailTokenKind, token: string) =>
  and(
    eq(emailTokens.hash, hashOfToken(token)),
    eq(emailTokens.kind, kind),
    isNull(emailTokens.usedAt),
    gt(emailTokens.expiresAt, ctx.now),
    isNotNull(emailTokens.userId),
  )

/** A statement that uses up all tokens of a kind that a user has; where `guard` holds. */
export const useUpTokens = (ctx: Ctx, kind: EmailTokenKind, userId: string, guard: SQL = sql`true`) =>
  ctx.db
    .update(emailTokens)
    .set({ usedAt: ctx.now })
    .where(and(eq(emailTokens.userId, userId), eq(emailTokens.kind, kind), isNull(emailTokens.usedAt), guard))
