/** The page of mails that were "sent" in development, newest first. */
import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import { toInstant } from '../../core/time.ts'
import type { DevMailRow } from '../schema.ts'
import { DEV_MAIL_STYLE } from './dev-mail-style.ts'

const STYLE_HASH = createHash('sha256').update(DEV_MAIL_STYLE).digest('base64')

const headersWith = (style: string): Record<string, string> => ({
  'content-security-policy': `default-src 'none'; style-src ${style}; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
})
export const LIST_HEADERS = headersWith(`'sha256-${STYLE_HASH}'`)
/** A mail has inline styles, because mail programs need them, and no scripts. */
export const MAIL_HEADERS = headersWith("'unsafe-inline'")

const ADDRESS = /(https?:\/\/\S+)/

export function devMailPage(mails: DevMailRow[]) {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>Mail · Tombola in development</title>
    <link rel="icon" href="/favicon.svg">
    <style>${raw(DEV_MAIL_STYLE)}</style>
  </head>
  <body>
    <main>
      <p class="notice"><strong>Development.</strong> These mails were not sent; you can read them here.</p>
      <h1>Mail</h1>
      ${mails.length === 0 ? html`<p class="empty">Nothing yet. Mails are sent once a minute.</p>` : mails.map(mailEntry)}
    </main>
  </body>
</html>`
}

const mailEntry = ({ id, title, recipient, at, text }: DevMailRow, place: number) => html`<details ${
  place === 0 ? 'open' : ''
}>
        <summary><strong>${title}</strong> <time datetime="${toInstant(at)}">${toInstant(at).slice(0, 16).replace('T', ' ')} UTC</time> <span>to ${recipient}</span></summary>
        <pre>${linked(text)}</pre>
        <p><a href="/dev/mail/${id}">As a mail program shows it</a></p>
      </details>`

/** Turns URLs in plain text into links. A split with one group puts a URL at each odd index. */
const linked = (text: string) =>
  text.split(ADDRESS).map((part, at) => (at % 2 === 1 ? html`<a href="${part}">${part}</a>` : part))
