/** What the words of a mail are made of, in any language. */
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
  /** The token that this mail carries. */
  token(): string
}

export interface MailWords {
  greeting(name: string): string
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
  ({ amount, currency }: { amount: number; currency: string }): string => {
    const money = new Intl.NumberFormat(language, { style: 'currency', currency, currencyDisplay: 'code' })
    return money.format(amount / 10 ** money.resolvedOptions().maximumFractionDigits!)
  }

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
