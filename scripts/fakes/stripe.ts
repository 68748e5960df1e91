/** Stripe's outside: the fake of its API, its pages for payers and owners of accounts, and a dashboard. Events are sent at once. */
import type { Thing } from '../../test/fakes/stripe/books.ts'
import { signed } from '../../test/fakes/stripe/send.ts'
import { STRIPE_SETTINGS } from '../../test/fakes/stripe/settings.ts'
import { FakeStripe, type Fault } from '../../test/fakes/stripe/stripe.ts'
import type { Outside } from './outside.ts'
import { type Button, type Entry, type Section, stripePage } from './stripe-page.ts'

/** How events arrive from now on. `forged`: each is preceded by one that somebody else signed. */
const DELIVERIES = ['once', 'twice', 'late', 'never', 'unordered', 'forged'] as const
type Delivery = (typeof DELIVERIES)[number]

const FAULTS: readonly Fault[] = ['timeout', 'lost', '500', '429', 'in use']
const REQUESTS = [
  'POST /v1/checkout/sessions',
  'GET /v1/checkout/sessions/*',
  'POST /v1/checkout/sessions/*/expire',
  'POST /v1/refunds',
  'POST /v1/transfers',
  'POST /v1/accounts',
] as const

const LATE_MS = 120_000
const GATHER_MS = 300
const SHOWN = 20

/** `worker`: where Tombola runs. */
export function stripeOutside(base: string, worker: string): Outside {
  const stripe = new FakeStripe({ checkout: base })
  const { books, outside } = stripe
  let delivery: Delivery = 'once'
  const log: string[] = []
  const note = (text: string) => {
    log.unshift(`${new Date().toISOString().slice(11, 19)} ${text}`)
    log.length = Math.min(log.length, SHOWN)
  }

  async function send(event: Thing, secret?: string): Promise<void> {
    const { path, body, headers } = await signed(event, { secret })
    try {
      const { status } = await fetch(`${worker}${path}`, { method: 'POST', headers, body })
      note(`${event.type}${secret === undefined ? '' : ', forged'}: answered ${status}`)
    } catch {
      note(`${event.type}: Tombola does not answer at ${worker}`)
    }
  }

  async function deliver(): Promise<void> {
    const events = outside.events
    outside.events = []
    const mode = delivery
    if (mode === 'never') for (const { type } of events) note(`${type}: not sent`)
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

  /** What a person can do. The answer may name the page to go to. */
  const DEEDS: Record<string, (id: string, body: Record<string, unknown>) => string | undefined> = {
    pay: (id) => {
      outside.pay(id)
      return books.find(id, 'checkout.session')!.success_url
    },
    payWrong: (id) => {
      outside.pay(id, { amount: 100 })
      return books.find(id, 'checkout.session')!.success_url
    },
    abandon: (id) => books.find(id, 'checkout.session')!.cancel_url,
    refund: (id) => {
      const { amount, amount_refunded: refunded } = books.find(id, 'charge')!
      outside.refund(id, amount - refunded)
      return undefined
    },
    dispute: (id) => void outside.dispute(id),
    inquire: (id) => void outside.dispute(id, { isInquiry: true }),
    win: (id) => outside.winDispute(id) as undefined,
    lose: (id) => outside.loseDispute(id) as undefined,
    settle: (id) => outside.settleRefund(id) as undefined,
    fail: (id) => outside.failRefund(id) as undefined,
    reverse: (id) => outside.reverse(id) as undefined,
    bankRefuses: (id) => outside.payOutToBank(id, 'failed') as undefined,
    bankPays: (id) => outside.payOutToBank(id, 'paid') as undefined,
    finish: (id) => {
      outside.finishSetUp(id)
      return outside.links.get(id)
    },
    reject: (id) => {
      outside.finishSetUp(id, 'inactive')
      return outside.links.get(id)
    },
    topUp: (id) => outside.topUp(100_000_00, id) as undefined,
    deliver: (id) => {
      if (!(DELIVERIES as readonly string[]).includes(id)) throw new Error(`known: ${DELIVERIES.join(', ')}`)
      delivery = id as Delivery
      return undefined
    },
    refundsAre: (id) => {
      outside.refundsAre = id === 'pending' ? 'pending' : undefined
      return undefined
    },
    misbehave: (id, { fault }) => {
      if (!(FAULTS as readonly unknown[]).includes(fault)) throw new Error(`known: ${FAULTS.join(', ')}`)
      stripe.misbehave(id, fault as Fault)
      return undefined
    },
  }

  async function act(request: Request): Promise<Response> {
    // Another site could let a browser post a form here, but never JSON.
    if (!request.headers.get('content-type')?.startsWith('application/json')) {
      return Response.json({ error: 'the body must be JSON' }, { status: 415 })
    }
    const body = (await request.json()) as Record<string, unknown>
    const deed = Object.hasOwn(DEEDS, String(body.do)) ? DEEDS[String(body.do)] : undefined
    if (deed === undefined)
      return Response.json({ error: `known: ${Object.keys(DEEDS).join(', ')}` }, { status: 422 })
    try {
      const next = deed(String(body.id ?? newest(String(body.do))), body)
      note(`${body.do} ${body.id ?? ''}`)
      deliverSoon()
      return Response.json({ next: next ?? null })
    } catch (error) {
      return Response.json({ error: error instanceof Error ? error.message : String(error) }, { status: 409 })
    }
  }

  /** Without an id: the newest thing that one can do this to. */
  function newest(deed: string): string | undefined {
    const kind = {
      pay: 'checkout.session',
      payWrong: 'checkout.session',
      finish: 'account',
      reverse: 'transfer',
    }[deed]
    return books.all((kind ?? 'charge') as never)[0]?.id
  }

  const doing = (deed: string, id: string, label: string, more = {}): Button => ({
    does: { do: deed, id, ...more },
    label,
  })
  const sum = ({ amount, currency }: Thing) => `${(amount / 100).toFixed(2)} ${currency.toUpperCase()}`
  const some = (kind: Parameters<typeof books.all>[0], toEntry: (thing: Thing) => Entry): Entry[] =>
    books.all(kind).slice(0, SHOWN).map(toEntry)

  const dashboard = (): Section[] => [
    {
      title: 'Sessions',
      entries: some('checkout.session', ({ id, status, amount_total: amount, currency }) => ({
        title: sum({ amount, currency } as unknown as Thing),
        text: `${id}, ${status}`,
        buttons:
          status === 'open' ? [doing('pay', id, 'Pay'), doing('payWrong', id, 'Pay 1.00 instead')] : [],
      })),
    },
    {
      title: 'Payments',
      entries: some('charge', (charge) => ({
        title: sum(charge),
        text: `${charge.id}, refunded ${charge.amount_refunded / 100}${charge.disputed ? ', disputed' : ''}`,
        buttons: [
          doing('refund', charge.id, 'Refund here'),
          doing('dispute', charge.id, 'The bank takes it back'),
          doing('inquire', charge.id, 'The bank asks'),
        ],
      })),
    },
    {
      title: 'Disputes',
      entries: some('dispute', (dispute) => ({
        title: sum(dispute),
        text: `${dispute.id}, ${dispute.status}`,
        buttons: [doing('win', dispute.id, 'Win'), doing('lose', dispute.id, 'Lose')],
      })),
    },
    {
      title: 'Refunds',
      entries: some('refund', (refund) => ({
        title: sum(refund),
        text: `${refund.id}, ${refund.status}`,
        buttons: [doing('settle', refund.id, 'Arrives'), doing('fail', refund.id, 'Fails')],
      })),
    },
    {
      title: 'Transfers',
      entries: some('transfer', (transfer) => ({
        title: sum(transfer),
        text: `${transfer.id} to ${transfer.destination}${transfer.reversed ? ', reversed' : ''}`,
        buttons: transfer.reversed ? [] : [doing('reverse', transfer.id, 'Reverse')],
      })),
    },
    {
      title: 'Accounts',
      entries: some('account', (account) => ({
        title: account.id,
        text: `${account.country}, transfers ${account.capabilities.transfers}`,
        buttons: [
          doing('finish', account.id, 'Set-up is done'),
          doing('reject', account.id, 'Papers are refused'),
          doing('bankRefuses', account.id, 'Its bank refuses a payout'),
          doing('bankPays', account.id, 'Its bank is paid'),
        ],
      })),
    },
    {
      title: 'What goes wrong',
      entries: [
        {
          title: 'Events',
          text: `arrive ${delivery}`,
          buttons: DELIVERIES.map((each) => doing('deliver', each, each)),
        },
        {
          title: 'Refunds',
          text: `are ${outside.refundsAre ?? 'succeeded'} at first`,
          buttons: ['succeeded', 'pending'].map((each) => doing('refundsAre', each, each)),
        },
        ...REQUESTS.map((each) => ({
          title: each,
          text: 'The next one',
          buttons: FAULTS.map((fault) => doing('misbehave', each, fault, { fault })),
        })),
      ],
    },
    {
      title: 'Balance',
      entries: [
        {
          title: [...books.balance]
            .map(([currency, amount]) => sum({ amount, currency } as unknown as Thing))
            .join(', '),
          text: 'all of it available',
          buttons: [doing('topUp', 'usd', 'Add USD 100,000')],
        },
      ],
    },
    { title: 'What happened', entries: log.map((text) => ({ title: '', text, buttons: [] })) },
  ]

  const html = (title: string, sections: Section[]): Response =>
    new Response(stripePage(base, title, sections), {
      headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    })

  function checkoutPage(id: string): Response {
    const session = books.find(id, 'checkout.session')
    if (session === undefined) return new Response('No such session.', { status: 404 })
    outside.passTime()
    const { amount_total: amount, currency, status } = session
    const open = [
      doing('pay', id, 'Pay'),
      doing('payWrong', id, 'Pay 1.00 instead'),
      doing('abandon', id, 'Go back without paying'),
    ]
    const text = status === 'open' ? 'Your order' : `This page is ${status}.`
    const title = sum({ amount, currency } as unknown as Thing)
    const buttons = status === 'open' ? open : [doing('abandon', id, 'Back to the shop')]
    return html('Checkout', [{ title: 'To pay', entries: [{ title, text, buttons }] }])
  }

  function setUpPage(id: string): Response {
    if (books.find(id, 'account') === undefined) return new Response('No such account.', { status: 404 })
    const buttons = [doing('finish', id, 'I am who I am'), doing('reject', id, 'My papers are bad')]
    return html('Set up your account', [
      { title: 'Your papers', entries: [{ title: id, text: '', buttons }] },
    ])
  }

  return {
    title: 'Stripe',
    page: `${base}/dashboard`,
    settings: { ...STRIPE_SETTINGS, STRIPE_URL: base },
    async answer(request) {
      const { pathname } = new URL(request.url)
      if (pathname === '/dashboard') return html('Stripe, faked', dashboard())
      if (pathname === '/dashboard/do' && request.method === 'POST') return act(request)
      const [, page, ...rest] = pathname.split('/')
      if (page === 'c') return checkoutPage(rest.at(-1)!)
      if (page === 'setup') return setUpPage(rest.at(-1)!)
      const response = await stripe.answer(request)
      note(`${request.method} ${pathname}: ${response.status}`)
      deliverSoon()
      return response
    },
  }
}
