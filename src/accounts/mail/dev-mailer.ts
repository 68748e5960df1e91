/** The mailer in development: it stores mails in a table, and /dev/mail shows them. */
import { desc, eq } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { withRetry } from '../../core/database.ts'
import { type DevMailRow, devMails } from '../schema.ts'
import type { Mailer } from './port.ts'

const MAILS_SHOWN = 50

export const devMailer: Mailer = {
  async send(ctx, mail) {
    await withRetry(() =>
      ctx.db
        .insert(devMails)
        .values({ ...mail, at: ctx.now })
        .onConflictDoNothing(),
    )
    return { status: 'sent' }
  },
}

/** The newest mails, to anyone or to one address. */
export const listDevMails = (ctx: Ctx, recipient: string | undefined): Promise<DevMailRow[]> =>
  ctx.db
    .select()
    .from(devMails)
    .where(recipient === undefined ? undefined : eq(devMails.recipient, recipient))
    .orderBy(desc(devMails.at), desc(devMails.id))
    .limit(MAILS_SHOWN)

export const findDevMail = (ctx: Ctx, id: string): Promise<DevMailRow | undefined> =>
  ctx.db.select().from(devMails).where(eq(devMails.id, id)).get()
