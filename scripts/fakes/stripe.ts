/** Stripe's outside: the fake of its API, its pages for payers and owners of accounts, and a dashboard. Events are sent at once. */
import type { Thing } from '../../test/fakes/stripe/books.ts'
import { signed } from '../../test/fakes/stripe/send.ts'
import { STRIPE_SETTINGS } from '../../test/fakes/stripe/settings.ts'
import { FakeStripe } from '../../test/fakes/stripe/stripe.ts'
import { isOneOf, Log, notJson, type Outside, readPosted } from './outside.ts'
import { checkout, dashboard, setUp } from './stripe-dashboard.ts'
import { type Delivery, deedsOn } from './stripe-deeds.ts'
import { type Section, stripePage } from './stripe-page.ts'

const LATE_MS = 120_000
const GATHER_MS = 300

/** `worker`: where Tombola runs. */
export function stripeOutside(base: string, worker: string): Outside {
  const stripe = new FakeStripe({ checkout: base })
  const { books, outside } = stripe
  const log = new Log()
  let delivery: Delivery = 'once'
  const deeds = deedsOn(stripe, (chosen) => {
    delivery = chosen
  })

  async function send(event: Thing, secret?: string): Promise<void> {
    const { path, body, headers } = await signed(event, { secret })
    try {
      const { status } = await fetch(`${worker}${path}`, { method: 'POST', headers, body })
      log.note(`${event.type}${secret === undefined ? '' : ', forged'}: answered ${status}`)
    } catch {
      log.note(`${event.type}: Tombola does not answer at ${worker}`)
    }
  }

  async function deliver(): Promise<void> {
    const events = outside.events
    outside.events = []
    const mode = delivery
    if (mode === 'never') for (const { type } of events) log.note(`${type}: not sent`)
    if (mode === 'never') return
    if (mode === 'late') {
      setTimeout(() => events.forEach((event) => void send(event)), LATE_MS)
      return
    }
    for (const event of mode === 'unordered' ? events.toReversed() : events) {
      if (mode === 'forged') await send(event, 'whsec_thesecretofsomebodyelse')
      await send(event)
      if (mode === 'twice') await send(event)
    }
  }

  /** After the answer, so that the worker knows the object before it hears of it; together, so that they can be reordered. */
  const deliverSoon = () => setTimeout(() => void deliver(), GATHER_MS)

  /** The answer names what it was done to, and the page to go to. */
  async function act(request: Request): Promise<Response> {
    const posted = await readPosted(request)
    if (posted === null) return notJson()
    if (!isOneOf(deeds.names, posted.do))
      return Response.json({ error: `known: ${deeds.names.join(', ')}` }, { status: 422 })
    try {
      const done = deeds.do(posted.do, posted)
      log.note(`${posted.do} ${done.id}`)
      deliverSoon()
      return Response.json({ do: posted.do, ...done })
    } catch (error) {
      return Response.json({ error: error instanceof Error ? error.message : String(error) }, { status: 409 })
    }
  }

  const html = (title: string, sections: Section[]): Response =>
    new Response(stripePage(base, title, sections), {
      headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    })

  function checkoutPage(id: string): Response {
    outside.passTime()
    const session = books.find(id, 'checkout.session')
    return session === undefined
      ? new Response('No such session.', { status: 404 })
      : html('Checkout', checkout(session))
  }

  function setUpPage(id: string): Response {
    const account = books.find(id, 'account')
    return account === undefined
      ? new Response('No such account.', { status: 404 })
      : html('Set up your account', setUp(account))
  }

  return {
    title: 'Stripe',
    page: `${base}/dashboard`,
    settings: { ...STRIPE_SETTINGS, STRIPE_URL: base },
    async answer(request) {
      const { pathname } = new URL(request.url)
      if (pathname === '/dashboard')
        return html('Stripe, faked', dashboard(stripe, { delivery, log: log.lines }))
      if (pathname === '/dashboard/do' && request.method === 'POST') return act(request)
      const [, page, ...rest] = pathname.split('/')
      if (page === 'c') return checkoutPage(rest.at(-1)!)
      if (page === 'setup') return setUpPage(rest.at(-1)!)
      const response = await stripe.answer(request)
      log.note(`${request.method} ${pathname}: ${response.status}`)
      deliverSoon()
      return response
    },
  }
}
