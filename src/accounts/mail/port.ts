/** What sends mails: one message at a time, told again under the same id as often as it takes. */
import type { Ctx } from '../../core/context.ts'

export interface OutgoingMail {
  /** Of the outbox: a provider that is told the same id again sends nothing again. */
  id: string
  recipient: string
  title: string
  text: string
  html: string
}

/** `refused` is for good; after `later` it is tried again. A reason holds nothing personal: it is kept and logged. */
export type Sent = { status: 'sent' } | { status: 'refused' | 'later'; reason: string }

export interface Mailer {
  send(ctx: Ctx, mail: OutgoingMail): Promise<Sent>
}
