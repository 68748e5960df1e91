/** The sandbox's checkout page: the sum to pay, and what each button does. */
import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import { formatMoney } from '../core/money.ts'
import { toInstant } from '../core/time.ts'
import type { ChargeRow } from '../money/providers/sandbox.ts'
import { LATER_SECONDS, type SandboxAction } from './charges.ts'
import { SANDBOX_STYLE } from './page-style.ts'

const STYLE_HASH = createHash('sha256').update(SANDBOX_STYLE).digest('base64')

/** The page's headers. Its form redirects to `returnUrl`, so `form-action` must allow that origin. */
export function checkoutHeaders(returnUrl: string | null): Record<string, string> {
  const formTo = returnUrl === null ? "'self'" : `'self' ${new URL(returnUrl).origin}`
  return {
    'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; img-src 'self'; base-uri 'none'; form-action ${formTo}; frame-ancestors 'none'`,
  }
}

const amountOf = (charge: ChargeRow): string => formatMoney(charge)

interface Button {
  action: SandboxAction
  label: string
  does: string
}

const BUTTONS: readonly Button[] = [
  { action: 'approve', label: 'Pay', does: 'The payment goes through at once.' },
  { action: 'decline', label: 'Decline', does: 'The payment fails, as with a card that is refused.' },
  {
    action: 'later',
    label: 'Pay, but slowly',
    does: `The payment is approved. The money arrives ${LATER_SECONDS} seconds later.`,
  },
  {
    action: 'twice',
    label: 'Pay twice',
    does: 'The same payment is captured twice. The second capture must be refunded.',
  },
]

const DISPUTE: Button = {
  action: 'dispute',
  label: 'Dispute the payment',
  does: 'The bank takes the whole payment back from the shop, even if it was refunded.',
}

export function checkoutPage(charge: ChargeRow, returnUrl: string | null) {
  const isOpen = charge.status === 'open' || charge.status === 'stopped'
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>${amountOf(charge)} · Sandbox checkout</title>
    <link rel="icon" href="/favicon.svg">
    <style>${raw(SANDBOX_STYLE)}</style>
  </head>
  <body>
    <main>
      <p class="sandbox"><strong>Sandbox.</strong> This is play money: nothing is charged, nobody is paid.</p>
      <header>
        <h1><span>${isOpen ? 'To pay' : outcomeOf(charge).title}</span> ${amountOf(charge)}</h1>
        <p class="reference">${charge.id}</p>
      </header>
      ${isOpen ? choices(charge) : html`<p class="outcome" role="status">${outcomeOf(charge).text}</p>`}
      ${
        isOpen || returnUrl === null
          ? ''
          : html`<p><a class="back" href="${returnUrl}">Back to the shop</a></p>`
      }
      ${charge.captures > 0 && charge.disputedAt === null ? form([DISPUTE], 'after') : ''}
    </main>
  </body>
</html>`
}

const choices = ({ status }: ChargeRow) => html`${
  status === 'stopped'
    ? html`<p class="outcome" role="status">The shop no longer waits for this payment. Pay anyway to see what
        happens to late money.</p>`
    : ''
}${form(BUTTONS, 'choices')}
      <p class="never">If you press none, the payment stays pending for ever.</p>`

const form = (
  buttons: readonly Button[],
  className: 'choices' | 'after',
) => html`<form class="${className}" method="post">
        ${buttons.map(
          ({ action, label, does }) => html`<div class="choice">
          <button name="action" value="${action}" aria-describedby="does-${action}">${label}</button>
          <p id="does-${action}">${does}</p>
        </div>`,
        )}
      </form>`

function outcomeOf({ status, captures, settlesAt, disputedAt }: ChargeRow): { title: string; text: string } {
  if (status === 'declined')
    return { title: 'Declined', text: 'The payment was declined. Nothing was taken.' }
  if (status === 'later') {
    const at = settlesAt === null ? '' : ` at ${toInstant(settlesAt)}`
    return { title: 'On its way', text: `The payment is approved. The money arrives${at}.` }
  }
  if (disputedAt !== null)
    return { title: 'Taken back', text: 'The bank has taken the money back from the shop.' }
  if (captures > 1)
    return { title: 'Paid twice', text: 'The payment was captured twice. One of the two is refunded.' }
  return { title: 'Paid', text: 'The payment went through. You can close this page.' }
}
