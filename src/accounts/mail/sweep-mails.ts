/**
 * Sends what the outbox holds, what somebody waits for first. A row is claimed before the provider is asked, so that
 * two sweeps seldom ask for one; where they do, or where an answer is lost, the row's id keeps it from being sent twice.
 */
import { and, asc, eq, isNotNull, lte } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { withRetry } from '../../core/database.ts'
import { type Swept, sweepRows } from '../../core/sweep-rows.ts'
import { DAY_MS, MINUTE_MS } from '../../core/time.ts'
import { TOKEN_LIFE_MS } from '../email-token.ts'
import { type MailRow, mails, users } from '../schema.ts'
import { mailerOf } from './mailers.ts'
import type { Mailer } from './port.ts'
import { renderMail } from './render-mail.ts'

/** The last is five hours and a half after the first: providers know an id for a day. */
export const MAX_MAIL_TRIES = 6
const FIRST_PAUSE_MS = MINUTE_MS
/** Nobody else takes a row for so long; whoever died with it is forgotten by then. */
const CLAIM_MS = 5 * MINUTE_MS
/** News that is older is none. */
const MAX_AGE_MS = 3 * DAY_MS

export async function sweepMails(ctx: Ctx): Promise<Swept> {
  const mailer = mailerOf(ctx.settings)
  if (mailer === null) return warnOfWaiting(ctx)
  return sweepRows(ctx, {
    name: 'mail',
    page: (limit) => dueMails(ctx, limit),
    one: (row) => sendMail(ctx, mailer, row),
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

async function sendMail(ctx: Ctx, mailer: Mailer, row: MailRow): Promise<void> {
  // Also what every time ends its sender before an answer comes to an end here.
  if (row.tries >= MAX_MAIL_TRIES) return giveUp(ctx, row, row.failure ?? 'its sending never came to an end')
  if (ctx.now - row.createdAt >= lifeOf(row)) return giveUp(ctx, row, row.failure ?? 'too late')
  const claimed = await claim(ctx, row)
  if (claimed === undefined) return
  const user = await readUser(ctx, row)
  if (user === undefined) return giveUp(ctx, claimed, 'nobody to send it to')
  const sent = await mailer.send(ctx, {
    id: row.id,
    recipient: user.email,
    ...renderMail(ctx.settings, row, user),
  })
  if (sent.status === 'sent') await close(ctx, claimed, { sentAt: ctx.now, dueAt: null, failure: null })
  else if (sent.status === 'refused' || claimed.tries >= MAX_MAIL_TRIES)
    await giveUp(ctx, claimed, sent.reason)
  else {
    const dueAt = ctx.now + FIRST_PAUSE_MS * 4 ** row.tries
    await close(ctx, claimed, { dueAt, failure: sent.reason })
  }
}

const lifeOf = ({ kind }: MailRow): number =>
  kind === 'reset_password'
    ? TOKEN_LIFE_MS.reset
    : kind === 'verify_email'
      ? TOKEN_LIFE_MS.verify
      : MAX_AGE_MS

async function readUser(ctx: Ctx, { userId }: MailRow) {
  if (userId === null) return undefined
  return ctx.db
    .select({ email: users.email, name: users.name, language: users.language })
    .from(users)
    .where(eq(users.id, userId))
    .get()
}

/** Takes the row and counts the try; undefined if somebody else has it, or an answer was lost: then it is due again later. */
async function claim(ctx: Ctx, row: MailRow): Promise<MailRow | undefined> {
  const [claimed] = await ctx.db
    .update(mails)
    .set({ tries: row.tries + 1, dueAt: ctx.now + CLAIM_MS })
    .where(and(eq(mails.id, row.id), eq(mails.tries, row.tries), eq(mails.dueAt, row.dueAt!)))
    .returning()
  return claimed
}

/** Writes how a try ended, unless another has been made since. */
async function close(
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
  await close(ctx, row, { dueAt: null, failure })
  if (row.userId !== null) ctx.log.warn('mail given up', { mailId: row.id, kind: row.kind, reason: failure })
}
