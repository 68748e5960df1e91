/** The sections of Stripe's dashboard, of a payer's page and of the page on which an account is set up. */
import type { Kind, Thing } from '../../test/fakes/stripe/books.ts'
import { FAULTS, type FakeStripe } from '../../test/fakes/stripe/stripe.ts'
import { DELIVERIES, type Delivery } from './stripe-deeds.ts'
import type { Button, Entry, Section } from './stripe-page.ts'

const REQUESTS = [
  'POST /v1/checkout/sessions',
  'GET /v1/checkout/sessions/*',
  'POST /v1/checkout/sessions/*/expire',
  'POST /v1/refunds',
  'POST /v1/transfers',
  'POST /v1/accounts',
] as const

const SHOWN = 20

const doing = (deed: string, id: string, label: string, more = {}): Button => ({
  does: { do: deed, id, ...more },
  label,
})

const sum = ({ amount, currency }: { amount: number; currency: string }): string =>
  `${(amount / 100).toFixed(2)} ${currency.toUpperCase()}`

const buttonsOf = ({ id, status }: Thing): Button[] =>
  status === 'open'
    ? [
        doing('pay', id, 'Pay'),
        doing('payWrong', id, 'Pay 1.00 instead'),
        doing('payWhileExpiring', id, 'Pay while it is being expired'),
      ]
    : []

export function dashboard(
  { books, outside }: FakeStripe,
  { delivery, log }: { delivery: Delivery; log: readonly string[] },
): Section[] {
  const some = (kind: Kind, toEntry: (thing: Thing) => Entry): Entry[] =>
    books.all(kind).slice(0, SHOWN).map(toEntry)
  return [
    {
      title: 'Sessions',
      entries: some('checkout.session', (session) => ({
        title: sum({ amount: session.amount_total, currency: session.currency }),
        text: `${session.id}, ${session.status}`,
        buttons: buttonsOf(session),
      })),
    },
    {
      title: 'Payments',
      entries: some('charge', ({ id, amount, currency, amount_refunded: refunded, disputed }) => ({
        title: sum({ amount, currency }),
        text: `${id}, refunded ${refunded / 100}${disputed ? ', disputed' : ''}`,
        buttons: [
          doing('refund', id, 'Refund here'),
          doing('dispute', id, 'The bank takes it back'),
          doing('inquire', id, 'The bank asks'),
        ],
      })),
    },
    {
      title: 'Disputes',
      entries: some('dispute', ({ id, amount, currency, status }) => ({
        title: sum({ amount, currency }),
        text: `${id}, ${status}`,
        buttons: [doing('win', id, 'Win'), doing('lose', id, 'Lose')],
      })),
    },
    {
      title: 'Refunds',
      entries: some('refund', ({ id, amount, currency, status }) => ({
        title: sum({ amount, currency }),
        text: `${id}, ${status}`,
        buttons: [doing('settle', id, 'Arrives'), doing('fail', id, 'Fails')],
      })),
    },
    {
      title: 'Transfers',
      entries: some('transfer', ({ id, amount, currency, destination, reversed }) => ({
        title: sum({ amount, currency }),
        text: `${id} to ${destination}${reversed ? ', reversed' : ''}`,
        buttons: reversed ? [] : [doing('reverse', id, 'Reverse')],
      })),
    },
    {
      title: 'Accounts',
      entries: some('account', ({ id, country, capabilities }) => ({
        title: id,
        text: `${country}, transfers ${capabilities.transfers}`,
        buttons: [
          doing('finish', id, 'Set-up is done'),
          doing('reject', id, 'Papers are refused'),
          doing('bankRefuses', id, 'Its bank refuses a payout'),
          doing('bankPays', id, 'Its bank is paid'),
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
        {
          title: 'Idempotency keys',
          text: 'are remembered for a day',
          buttons: [doing('forgetKeys', 'all', 'Forget them now')],
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
          title: [...books.balance].map(([currency, amount]) => sum({ amount, currency })).join(', '),
          text: 'all of it available',
          buttons: ['usd', 'kes'].map((each) => doing('topUp', each, `Add ${each.toUpperCase()} 100,000`)),
        },
      ],
    },
    { title: 'What happened', entries: log.map((text) => ({ title: '', text, buttons: [] })) },
  ]
}

export function checkout(session: Thing): Section[] {
  const { id, status, amount_total: amount, currency } = session
  const isOpen = status === 'open'
  const leave = doing('abandon', id, isOpen ? 'Go back without paying' : 'Back to the shop')
  const text = isOpen ? 'Your order' : `This page is ${status}.`
  const entry = { title: sum({ amount, currency }), text, buttons: [...buttonsOf(session), leave] }
  return [{ title: 'To pay', entries: [entry] }]
}

export const setUp = ({ id }: Thing): Section[] => [
  {
    title: 'Your papers',
    entries: [
      {
        title: id,
        text: '',
        buttons: [doing('finish', id, 'I am who I am'), doing('reject', id, 'My papers are bad')],
      },
    ],
  },
]
