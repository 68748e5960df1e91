// Reads mails in tests: the outbox, the mails "sent" in development, and their tokens.
import { env } from 'cloudflare:workers'

export interface OutboxRow {
  id: string
  subject: string
  kind: string
  user_id: string | null
  due_at: number | null
  tries: number
  sent_at: number | null
  failure: string | null
  data: string
}

export async function outboxOf(userId: string, kind?: string): Promise<OutboxRow[]> {
  const { results } = await env.DB.prepare('SELECT * FROM mails WHERE user_id = ? ORDER BY id')
    .bind(userId)
    .all<OutboxRow>()
  return results.filter((row) => kind === undefined || row.kind === kind)
}

export interface DevMail {
  id: string
  title: string
  text: string
  html: string
}

/** Newest last. */
export async function mailsTo(email: string): Promise<DevMail[]> {
  const { results } = await env.DB.prepare('SELECT * FROM dev_mails WHERE recipient = ? ORDER BY id')
    .bind(email)
    .all<DevMail>()
  return results
}

export const tokenIn = ({ text }: DevMail): string => /#token=([\w-]{43})\s/.exec(text)![1]!

/** Cancels mails that other tests left in the outbox. */
export const emptyOutbox = (): Promise<unknown> =>
  env.DB.prepare('UPDATE mails SET due_at = NULL WHERE due_at IS NOT NULL').run()
