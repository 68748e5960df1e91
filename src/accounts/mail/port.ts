/** The port to a mail provider: it sends one mail at a time; a retry has the same id. */
import type { Ctx } from '../../core/context.ts'

export interface OutgoingMail {
  /** The mail's id in the outbox, used as idempotency key: a provider sends the same id once. */
  id: string
  recipient: string
  title: string
  text: string
  html: string
}

/** `refused` is final; `later` means that the mail is tried again. A reason is stored and logged: no personal data. */
export type Sent = { status: 'sent' } | { status: 'refused' | 'later'; reason: string }

export interface Mailer {
  send(ctx: Ctx, mail: OutgoingMail): Promise<Sent>
}
