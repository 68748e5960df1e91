/** What a person can do at Stripe's outside: payers, banks, owners of accounts, and those who make it go wrong. */
import type { Kind, Thing } from '../../test/fakes/stripe/books.ts'
import { FAULTS, type FakeStripe } from '../../test/fakes/stripe/stripe.ts'
import { isOneOf, type Posted } from './outside.ts'

/** How events arrive from now on. `forged`: each is preceded by one that somebody else signed. */
export const DELIVERIES = ['once', 'twice', 'late', 'never', 'unordered', 'forged'] as const
export type Delivery = (typeof DELIVERIES)[number]

const REFUNDS_ARE = ['succeeded', 'pending'] as const

const TOP_UP = 100_000_00

interface Deed {
  /** What it is done to. Absent: its `id` is no object of Stripe's. */
  to?: Kind
  /** Without an `id` it is done to the newest of these. */
  among?: (thing: Thing) => boolean
  act(id: string, posted: Posted): void
  /** The page that follows. */
  next?(id: string): string | undefined
}

export interface Done {
  /** What it was done to. */
  id: string
  next: string | null
}

/** `setDelivery`: events arrive like this from now on. */
export function deedsOn(stripe: FakeStripe, setDelivery: (delivery: Delivery) => void) {
  const { books, outside } = stripe
  const find = (id: string, kind: Kind): Thing => {
    const thing = books.find(id, kind)
    if (thing === undefined) throw new Error(`there is no ${kind} ${id}`)
    return thing
  }
  const ofSession = {
    to: 'checkout.session',
    among: ({ status }: Thing) => status === 'open',
    next: (id: string): string => find(id, 'checkout.session').success_url,
  } as const
  const ofCharge = { to: 'charge', among: ({ disputed }: Thing) => !disputed } as const
  const ofAccount = { to: 'account', next: (id: string) => outside.links.get(id) } as const

  const DEEDS: Readonly<Record<string, Deed>> = {
    pay: { ...ofSession, act: (id) => outside.pay(id) },
    payWrong: { ...ofSession, act: (id) => outside.pay(id, { amount: 100 }) },
    payWhileExpiring: {
      ...ofSession,
      act: (id) => stripe.before(`POST /v1/checkout/sessions/${id}/expire`, () => outside.pay(id)),
    },
    abandon: {
      to: 'checkout.session',
      act: () => {},
      next: (id) => find(id, 'checkout.session').cancel_url,
    },
    refund: {
      ...ofCharge,
      act(id) {
        const { amount, amount_refunded: refunded } = find(id, 'charge')
        outside.refund(id, amount - refunded)
      },
    },
    dispute: { ...ofCharge, act: (id) => outside.dispute(id) },
    inquire: { ...ofCharge, act: (id) => outside.dispute(id, { isInquiry: true }) },
    win: { to: 'dispute', act: (id) => outside.winDispute(id) },
    lose: { to: 'dispute', act: (id) => outside.loseDispute(id) },
    settle: {
      to: 'refund',
      among: ({ status }) => status === 'pending',
      act: (id) => outside.settleRefund(id),
    },
    fail: { to: 'refund', among: ({ status }) => status !== 'failed', act: (id) => outside.failRefund(id) },
    reverse: { to: 'transfer', among: ({ reversed }) => !reversed, act: (id) => outside.reverse(id) },
    bankRefuses: { to: 'account', act: (id) => outside.payOutToBank(id, 'failed') },
    bankPays: { to: 'account', act: (id) => outside.payOutToBank(id, 'paid') },
    finish: { ...ofAccount, act: (id) => outside.finishSetUp(id) },
    reject: { ...ofAccount, act: (id) => outside.finishSetUp(id, 'inactive') },
    topUp: { act: (currency) => outside.topUp(TOP_UP, currency.toLowerCase()) },
    deliver: { act: (id) => setDelivery(known(DELIVERIES, id)) },
    refundsAre: {
      act(id) {
        outside.refundsAre = known(REFUNDS_ARE, id)
      },
    },
    forgetKeys: { act: () => stripe.forgetKeys() },
    misbehave: { act: (request, { fault }) => stripe.misbehave(request, known(FAULTS, fault)) },
  }

  return {
    names: Object.keys(DEEDS),
    /** Throws if it cannot be done. */
    do(name: string, posted: Posted): Done {
      const deed = DEEDS[name]!
      const id = posted.id === undefined ? newest(name, deed) : String(posted.id)
      if (deed.to !== undefined) find(id, deed.to)
      deed.act(id, posted)
      return { id, next: deed.next?.(id) ?? null }
    },
  }

  function newest(name: string, { to, among = () => true }: Deed): string {
    if (to === undefined) {
      if (name === 'forgetKeys') return 'all'
      throw new Error(`"${name}" needs an id`)
    }
    const found = books.all(to).find(among)
    if (found === undefined) throw new Error(`there is no ${to} for "${name}" yet`)
    return found.id
  }
}

export type Deeds = ReturnType<typeof deedsOn>

function known<Each extends string>(all: readonly Each[], value: unknown): Each {
  if (!isOneOf(all, value)) throw new Error(`known: ${all.join(', ')}`)
  return value
}
