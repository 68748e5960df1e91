/**
 * Sends the mails of the outbox; mails that a user waits for go first. A sweep claims a row before it calls the provider,
 * so that two sweeps rarely send one mail. If they do, or if a response is lost, the row's id is the idempotency key.
 */
import { and, asc, eq, isNotNull, lte } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { withRetry } from '../../core/database.ts'
import { type Swept, sweepRows } from '../../core/sweep-rows.ts'
import { DAY_MS, MINUTE_MS } from '../../core/time.ts'
import { TOKEN_LIFE_MS } from '../email-token.ts'
import { readInvited } from '../invitations/read-invited.ts'
import { type MailRow, mails, users } from '../schema.ts'
import type { MailData, MailKind } from './kinds.ts'
import { mailerOf } from './mailers.ts'
import type { Mailer } from './port.ts'
import { type MailReads, type Reader, readFacts } from './reads.ts'
import { renderMail } from './render-mail.ts'

/** The last try is five and a half hours after the first. Providers remember an idempotency key for a day. */
export const MAX_MAIL_TRIES = 6
const FIRST_PAUSE_MS = MINUTE_MS
/** How long a claim keeps other sweeps away from a row. After a crash, the row is due again then. */
const CLAIM_MS = 5 * MINUTE_MS
/** An older mail is no longer news and is given up. */
const MAX_AGE_MS = 3 * DAY_MS
const LIFE_OF_LINK_MS: Partial<Record<MailKind, number>> = {
  verify_email: TOKEN_LIFE_MS.verify,
  reset_password: TOKEN_LIFE_MS.reset,
  address_taken: TOKEN_LIFE_MS.reset,
}
const NOBODY = 'no user to send it to'
const NO_LONGER_TRUE = 'what it tells is no longer true'

export async function sweepMails(ctx: Ctx, reads: MailReads): Promise<Swept> {
  const mailer = mailerOf(ctx.settings)
  if (mailer === null) return warnOfWaiting(ctx)
  return sweepRows(ctx, {
    name: 'mail',
    page: (limit) => dueMails(ctx, limit),
    one: (row) => sendMail(ctx, { mailer, reads }, row),
  })
}

const dueMails = (ctx: Ctx, limit: number): Promise<MailRow[]> =>
  ctx.db
    .select()
    .from(mails)
    .where(lte(mails.dueAt, ctx.now))
    .orderBy(asc(mails.bulk), asc(mails.dueAt))
    .limit(limit)

async function warnOfWaiting(ctx: Ctx): Promise<Swept> {
  const waiting = await dueMails(ctx, 1)
  if (waiting.length > 0) ctx.log.warn('mails wait: set MAIL_URL, MAIL_KEY and MAIL_FROM')
  return { done: 0, failed: 0 }
}

interface Post {
  mailer: Mailer
  reads: MailReads
}

async function sendMail(ctx: Ctx, { mailer, reads }: Post, row: MailRow): Promise<void> {
  // A claim counts as a try. So a mail that crashes the worker at each try is given up too.
  if (row.tries >= MAX_MAIL_TRIES) return giveUp(ctx, row, row.failure ?? 'every try crashed')
  if (ctx.now - row.createdAt >= maxAgeOf(row)) return giveUp(ctx, row, row.failure ?? 'too late')
  const claimed = await claim(ctx, row)
  if (claimed === undefined) return
  const [reader, facts] = await Promise.all([readReader(ctx, row, reads), readFacts(ctx, row, reads)])
  if (reader === undefined) return giveUp(ctx, claimed, NOBODY)
  if (facts === undefined) return giveUp(ctx, claimed, NO_LONGER_TRUE)
  const sent = await mailer.send(ctx, {
    id: row.id,
    recipient: reader.email,
    ...renderMail(ctx.settings, { ...row, data: { ...(row.data as object), ...facts } }, reader),
  })
  if (sent.status === 'sent') await recordTry(ctx, claimed, { sentAt: ctx.now, dueAt: null, failure: null })
  else if (sent.status === 'refused' || claimed.tries >= MAX_MAIL_TRIES)
    await giveUp(ctx, claimed, sent.reason)
  else {
    const dueAt = ctx.now + FIRST_PAUSE_MS * 4 ** row.tries
    await recordTry(ctx, claimed, { dueAt, failure: sent.reason })
  }
}

const maxAgeOf = ({ kind }: MailRow): number => LIFE_OF_LINK_MS[kind] ?? MAX_AGE_MS

/** Undefined if there is nobody to write to: a cause that must not tell so, or an invitation or offer that has ended. */
async function readReader(
  ctx: Ctx,
  { kind, userId, data }: MailRow,
  { readOffered }: MailReads,
): Promise<Reader | undefined> {
  if (kind === 'invitation') return readInvited(ctx, (data as MailData['invitation']).invitationId)
  if (kind === 'ticket_given') return readOffered(ctx, (data as MailData['ticket_given']).transferId)
  if (userId === null) return undefined
  return ctx.db
    .select({ email: users.email, name: users.name, language: users.language })
    .from(users)
    .where(eq(users.id, userId))
    .get()
}

/**
 * Claims the row and counts a try; undefined if another sweep was first. Not retried: after a lost response, the claim
 * ends and the row is due again.
 */
async function claim(ctx: Ctx, row: MailRow): Promise<MailRow | undefined> {
  const [claimed] = await ctx.db
    .update(mails)
    .set({ tries: row.tries + 1, dueAt: ctx.now + CLAIM_MS })
    .where(and(eq(mails.id, row.id), eq(mails.tries, row.tries), eq(mails.dueAt, row.dueAt!)))
    .returning()
  return claimed
}

/** Records the result of a try. The guard on `tries` fails if another try has started since. */
async function recordTry(
  ctx: Ctx,
  { id, tries }: MailRow,
  change: Partial<Pick<MailRow, 'sentAt' | 'dueAt' | 'failure'>>,
): Promise<void> {
  await withRetry(() =>
    ctx.db
      .update(mails)
      .set(change)
      .where(and(eq(mails.id, id), eq(mails.tries, tries), isNotNull(mails.dueAt))),
  )
}

async function giveUp(ctx: Ctx, row: MailRow, failure: string): Promise<void> {
  await recordTry(ctx, row, { dueAt: null, failure })
  const isToAddress = row.kind === 'invitation' || row.kind === 'ticket_given'
  const isForNobody = row.userId === null && (!isToAddress || failure === NOBODY)
  if (!isForNobody && failure !== NO_LONGER_TRUE)
    ctx.log.warn('mail given up', { mailId: row.id, kind: row.kind, reason: failure })
}
