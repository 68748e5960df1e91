/** Renders a mail as text and as HTML, in its reader's language. */
import { html } from 'hono/html'
import type { Settings } from '../../core/settings.ts'
import { tokenOfMail } from '../email-token.ts'
import type { MailRow, UserRow } from '../schema.ts'
import type { About, Content, MailWords } from './content.ts'
import { EN } from './content-en.ts'
import { ES } from './content-es.ts'
import type { MailKind } from './kinds.ts'

const WORDS: Record<NonNullable<UserRow['language']>, MailWords> = { en: EN, es: ES }

/** A stranger may have registered the address and chosen the name, so mails to unproved addresses leave the name out. */
const TO_UNPROVED: ReadonlySet<MailKind> = new Set([
  'verify_email',
  'reset_password',
  'address_taken',
  'invitation',
  'ticket_given',
])

export interface RenderedMail {
  title: string
  text: string
  html: string
}

type Reader = Pick<UserRow, 'name' | 'language'>

export function renderMail(
  settings: Settings,
  { id, kind, data, createdAt }: Pick<MailRow, 'id' | 'kind' | 'data' | 'createdAt'>,
  reader: Reader,
): RenderedMail {
  const language = reader.language ?? 'en'
  const words = WORDS[language]
  const about: About = {
    origin: settings.PUBLIC_ORIGIN,
    claimUrl: settings.CLAIM_URL,
    writtenAt: createdAt,
    token: () => tokenOfMail(settings, id),
  }
  const write = words.mails[kind] as (data: unknown, about: About) => Content
  const content = write(data, about)
  const footer = content.footer ?? words.footer
  const greeting = TO_UNPROVED.has(kind) ? words.greetingWithoutName : words.greeting(reader.name)
  return {
    title: content.title,
    text: asText(greeting, content, footer),
    html: asHtml(language, greeting, content, footer),
  }
}

function asText(greeting: string, { lines, link }: Content, footer: string): string {
  const linked = link === undefined ? [] : [`${link.label}:\n${link.url}`]
  return [greeting, ...lines, ...linked, `-- \n${footer}`].join('\n\n').concat('\n')
}

/** Mail programs support few style sheets, so a mail has a few inline styles and no pictures. */
function asHtml(language: string, greeting: string, { title, lines, link }: Content, footer: string): string {
  const button =
    'display:inline-block;padding:12px 20px;border-radius:999px;background:#b3261e;color:#ffffff;' +
    'font-weight:600;text-decoration:none'
  return html`<!doctype html>
<html lang="${language}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
  </head>
  <body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif">
    <div style="max-width:34em;margin:0 auto;overflow-wrap:anywhere">
      <h1 style="font-size:22px;line-height:1.3">${title}</h1>
      <p>${greeting}</p>
      ${lines.map((line) => html`<p>${line}</p>`)}
      ${link === undefined ? '' : html`<p><a href="${link.url}" style="${button}">${link.label}</a></p>`}
      <p style="font-size:14px;opacity:0.7">${footer}</p>
    </div>
  </body>
</html>`.toString()
}
