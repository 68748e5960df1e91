/** What the words of a mail are made of, in any language. */
import { formatMoney, type Money } from '../../core/money.ts'
import type { MailData, MailKind } from './kinds.ts'

export interface Content {
  title: string
  /** Paragraphs of plain text. */
  lines: string[]
  /** Only to pages that are there (`src/web/assets`): where there is none, the lines say all there is to do. */
  link?: { label: string; url: string }
}

export interface About {
  /** Where links lead. */
  origin: string
  /** When its cause was written down (ms): what is told may be over by then. */
  writtenAt: number
  /** The token that this mail carries. */
  token(): string
}

export interface MailWords {
  greeting(name: string): string
  greetingAnybody: string
  footer: string
  mails: { [Kind in MailKind]: (data: MailData[Kind], about: About) => Content }
}

/** A token stands behind a `#`: browsers send that part to no server, and name it to no other site. */
export const links = {
  verify: ({ origin, token }: About) => `${origin}/verify-email#token=${token()}`,
  reset: ({ origin, token }: About) => `${origin}/reset-password#token=${token()}`,
}

export const moneyIn =
  (language: string) =>
  (sum: Money): string =>
    formatMoney(sum, language)

export const timeIn =
  (language: string) =>
  (ms: number, timeZone: string): string =>
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
    }).format(ms)

export const item = ({ quantity, title }: { quantity: number; title: string }): string =>
  `${quantity} × ${title}`

export const listIn =
  (language: string) =>
  (items: string[]): string =>
    new Intl.ListFormat(language, { type: 'conjunction' }).format(items)
