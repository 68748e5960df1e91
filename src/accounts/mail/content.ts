/** The parts of a mail's text that every language shares. */
import { keep } from '../../core/keep.ts'
import { formatMoney, type Money } from '../../core/money.ts'
import type { MailKind, Told } from './kinds.ts'

export interface Content {
  title: string
  /** Paragraphs of plain text. */
  lines: string[]
  /** Only to an address that exists. Without a link, the lines say what to do. */
  link?: { label: string; url: string }
  /** Why the reader gets the mail, if it is not because of an account. */
  footer?: string
}

export interface About {
  /** The origin of links. */
  origin: string
  /** The page of another site where winners claim; undefined: the raffle's result here. `{raffleId}` stands for the raffle. */
  claimUrl: string | undefined
  /** When the mail was enqueued, in milliseconds: an announced event may already be over when it is sent. */
  writtenAt: number
  /** The token of this mail. */
  token(): string
}

export interface MailWords {
  greeting(name: string): string
  greetingWithoutName: string
  footer: string
  mails: { [Kind in MailKind]: (data: Told<Kind>, about: About) => Content }
}

/** A token is in the fragment: browsers never send it to a server or in a Referer header. */
export const links = {
  verify: ({ origin, token }: About) => `${origin}/verify-email#token=${token()}`,
  reset: ({ origin, token }: About) => `${origin}/reset-password#token=${token()}`,
  accept: ({ origin, token }: About) => `${origin}/accept-invitation#token=${token()}`,
  claim: ({ origin, claimUrl }: About, raffleId: string) =>
    (claimUrl ?? `${origin}/api/v1/raffles/{raffleId}/winners`).replaceAll('{raffleId}', raffleId),
}

export const moneyIn =
  (language: string) =>
  (sum: Money): string =>
    formatMoney(sum, language)

/** Kept, because making a formatter takes 0.1 ms and the notices of one draw show the same time zone. */
const timeFormatter = keep(
  (language: string, timeZone: string) =>
    new Intl.DateTimeFormat(language, {
      timeZone,
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'short',
    }),
)
const listFormatter = keep((language: string) => new Intl.ListFormat(language, { type: 'conjunction' }))

export const timeIn =
  (language: string) =>
  (ms: number, timeZone: string): string =>
    timeFormatter(language, timeZone).format(ms)

export const item = ({ quantity, title }: { quantity: number; title: string }): string =>
  `${quantity} × ${title}`

export const listIn =
  (language: string) =>
  (items: string[]): string =>
    listFormatter(language).format(items)
