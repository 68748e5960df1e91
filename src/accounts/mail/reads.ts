/** What only higher layers know of a mail. It is read when the mail is sent: `cron.ts` passes the functions in. */
import type { Ctx } from '../../core/context.ts'
import type { MailRow, UserRow } from '../schema.ts'
import type { MailData, MailFacts, MailKind } from './kinds.ts'

export type Reader = Pick<UserRow, 'email' | 'name' | 'language'>

export interface MailOf<Kind extends MailKind> {
  subject: string
  userId: string
  data: MailData[Kind]
}

export interface MailReads {
  /** Whom the mail of an offered ticket is for; undefined: the offer has ended. */
  readOffered(ctx: Ctx, transferId: string): Promise<Reader | undefined>
  /** The facts of a mail; undefined: what it tells is no longer true, so it is not sent. */
  facts: {
    [Kind in keyof MailFacts]: (ctx: Ctx, mail: MailOf<Kind>) => Promise<MailFacts[Kind] | undefined>
  }
}

/** Empty if the mail needs none. */
export async function readFacts(
  ctx: Ctx,
  { kind, subject, userId, data }: MailRow,
  { facts }: MailReads,
): Promise<object | undefined> {
  const read = (facts as Partial<Record<MailKind, (ctx: Ctx, mail: object) => Promise<object | undefined>>>)[
    kind
  ]
  return read === undefined ? {} : read(ctx, { subject, userId, data })
}
