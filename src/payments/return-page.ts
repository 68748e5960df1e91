/** The page that a payer sees after a provider's page, if the shop has named none: what we know of the order. */
import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import { paymentAdvice } from '../orders/payment-advice.ts'
import type { OrderStatus } from '../orders/schema.ts'
import type { Returned } from './return-from-page.ts'

const STYLE = `
:root { --table: #fbf7f0; --card: #fff; --ink: #261a1b; --faint: #6b5a58; --line: #e5d9c9; }
@media (prefers-color-scheme: dark) {
  :root { --table: #171214; --card: #211a1c; --ink: #f3e9df; --faint: #b5a49d; --line: #3b2f31; }
}
* { box-sizing: border-box; margin: 0; }
body {
  display: grid; place-items: center; min-height: 100vh; min-height: 100dvh; padding: clamp(0.75rem, 4vw, 3rem);
  background: var(--table); color: var(--ink);
  font: 1rem/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main {
  width: 100%; max-width: 30rem; padding: 1.6rem 1.5rem; border: 1px solid var(--line); border-radius: 16px;
  background: var(--card);
}
h1 { font-size: 1.8rem; line-height: 1.2; letter-spacing: -0.02em; }
p { margin-top: 0.8rem; }
.reference { color: var(--faint); font: 0.8rem ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
`
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

export const RETURN_HEADERS = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
}

interface Words {
  title: string
  text: string
}

const page = ({ title, text }: Words, reference: string | null) => html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>${title}</title>
    <link rel="icon" href="/favicon.svg">
    <style>${raw(STYLE)}</style>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
      <p role="status">${text}</p>
      ${reference === null ? '' : html`<p class="reference">${reference}</p>`}
    </main>
  </body>
</html>`

export const returnPage = (returned: Returned, now: number) => page(wordsOf(returned, now), returned.order.id)

/** Where the owner of an account at a provider returns to after its set-up. */
export const accountPage = () =>
  page(
    {
      title: 'You can close this page',
      text: 'Go back to where you came from: it shows whether your account can receive money now.',
    },
    null,
  )

/** By the order, since its buyer may have paid by another payment. */
const TITLES: Readonly<Record<Exclude<OrderStatus, 'pending'>, string>> = {
  paid: 'Paid',
  partially_refunded: 'Paid',
  refund_due: 'Your money goes back',
  refunded: 'Your money went back',
  cancelled: 'Cancelled',
  expired: 'Not paid in time',
}

/** A payer who comes back from the payment page is not sent there again. */
const NOT_SEEN =
  'We have not seen your money yet. If you have paid, wait a moment and load this page again. If not, go back to your order.'

function wordsOf(returned: Returned, now: number): Words {
  const { order, payment, ways } = returned
  const { message, next } = paymentAdvice(order, payment, now, ways)
  return { title: titleOf(returned, now), text: next === 'open_page' ? NOT_SEEN : message }
}

/** An order is pending until it is settled too: its money may be here while a pool does not answer. */
function titleOf({ order, payment }: Returned, now: number): string {
  if (order.status !== 'pending') return TITLES[order.status]
  if (order.receipt !== null || payment.status === 'succeeded') return 'Payment received'
  return now < order.payUntil ? 'Not paid yet' : 'Checking your payment'
}
