/** What payers, banks, owners of accounts and people at Stripe's dashboard do. Each writes the events that Stripe sends. */
import { type Books, DISPUTE_FEE, feeOf, type Kind, type Thing } from './books.ts'
import type { Fields } from './form.ts'

export class Outside {
  /** Not sent yet, the oldest first. */
  events: Thing[] = []
  /** Where the owner of an account returns to from its set-up. */
  readonly links = new Map<string, string>()
  readonly #books: Books
  readonly #now: () => number

  constructor(books: Books, now: () => number) {
    this.#books = books
    this.#now = now
  }

  /** `account`: of an event about a payee's account. */
  tell(type: string, object: Thing, account?: string): Thing {
    const of = account === undefined ? {} : { account }
    const data = { object: structuredClone(object) }
    const event = this.#books.make(
      'event',
      { type, api_version: '2026-10-28.endive', data, ...of },
      this.#now(),
    )
    this.events.push(event)
    return event
  }

  #find(kind: Kind, id: string): Thing {
    const thing = this.#books.find(id, kind)
    if (thing === undefined) throw new Error(`no ${kind} ${id}`)
    return thing
  }

  /** The payer pays. `change`: what is captured instead. */
  pay(sessionId: string, change: Fields = {}): Thing {
    const session = this.#find('checkout.session', sessionId)
    if (session.status !== 'open') throw new Error(`the session is ${session.status}`)
    const { amount_total: amount, currency, intent } = session
    const sum = { amount, currency, ...change }
    const paid = this.#books.make(
      'payment_intent',
      { ...sum, status: 'succeeded', metadata: intent.metadata, last_payment_error: null },
      this.#now(),
    )
    const charge = this.#books.make(
      'charge',
      {
        ...sum,
        amount_captured: sum.amount,
        amount_refunded: 0,
        captured: true,
        paid: true,
        refunded: false,
        disputed: false,
        status: 'succeeded',
        payment_intent: paid.id,
        metadata: intent.metadata,
      },
      this.#now(),
    )
    charge.balance_transaction = this.#books.book(
      charge.id,
      sum.amount,
      sum.currency,
      feeOf(sum.amount),
      this.#now(),
    ).id
    paid.latest_charge = charge.id
    Object.assign(session, { status: 'complete', payment_status: 'paid', payment_intent: paid.id, url: null })
    this.tell('checkout.session.completed', session)
    return charge
  }

  /** The card is refused. The session stays open, so that the payer can try another. */
  decline(sessionId: string): void {
    const session = this.#find('checkout.session', sessionId)
    if (session.status !== 'open') throw new Error(`the session is ${session.status}`)
  }

  expire(sessionId: string): Thing {
    const session = this.#find('checkout.session', sessionId)
    Object.assign(session, { status: 'expired', url: null })
    this.tell('checkout.session.expired', session)
    return session
  }

  /** Sessions whose time is over. */
  passTime(): void {
    const now = this.#now() / 1_000
    for (const { id, status, expires_at: at } of this.#books.all('checkout.session')) {
      if (status === 'open' && at <= now) this.expire(id)
    }
  }

  /** Without `metadata` a person makes it in the dashboard. */
  refund(chargeId: string, amount: number, metadata: Fields = {}, status = 'succeeded'): Thing {
    const charge = this.#find('charge', chargeId)
    const { currency, payment_intent: intent } = charge
    const refund = this.#books.make(
      'refund',
      {
        amount,
        currency,
        charge: chargeId,
        payment_intent: intent,
        metadata,
        status: this.refundsAre ?? status,
      },
      this.#now(),
    )
    charge.amount_refunded += amount
    charge.refunded = charge.amount_refunded === charge.amount
    this.#books.book(refund.id, -amount, currency, 0, this.#now())
    this.tell('charge.refunded', charge)
    this.tell('refund.created', refund)
    return refund
  }

  /** The status of refunds from now on: a bank that is slow leaves them `pending`. */
  refundsAre: 'succeeded' | 'pending' | undefined

  /** A pending refund arrives. */
  settleRefund(id: string): void {
    this.tell('refund.updated', Object.assign(this.#find('refund', id), { status: 'succeeded' }))
  }

  /** The payer's bank refuses a refund, even after it had arrived. */
  failRefund(id: string): void {
    const refund = this.#find('refund', id)
    Object.assign(refund, { status: 'failed', failure_reason: 'expired_or_canceled_card' })
    this.#find('charge', refund.charge).amount_refunded -= refund.amount
    this.#books.book(id, refund.amount, refund.currency, 0, this.#now())
    this.tell('refund.failed', refund)
  }

  /** `isInquiry`: the bank only asks, and takes nothing. */
  dispute(chargeId: string, { isInquiry = false } = {}): Thing {
    const charge = this.#find('charge', chargeId)
    const { amount, currency, payment_intent: intent } = charge
    const dispute = this.#books.make(
      'dispute',
      {
        amount,
        currency,
        charge: chargeId,
        payment_intent: intent,
        metadata: {},
        status: isInquiry ? 'warning_needs_response' : 'needs_response',
        balance_transactions: [],
      },
      this.#now(),
    )
    charge.disputed = true
    if (!isInquiry) {
      dispute.balance_transactions.push(
        this.#books.book(dispute.id, -amount, currency, DISPUTE_FEE, this.#now()),
      )
    }
    this.tell('charge.dispute.created', dispute)
    return dispute
  }

  /** The platform wins: the money comes back, and the fee of the dispute does not. */
  winDispute(id: string): void {
    const dispute = this.#find('dispute', id)
    const { amount, currency } = dispute
    dispute.status = 'won'
    dispute.balance_transactions.push(this.#books.book(id, amount, currency, 0, this.#now()))
    this.tell('charge.dispute.closed', dispute)
    this.tell('charge.dispute.funds_reinstated', dispute)
  }

  loseDispute(id: string): void {
    this.tell('charge.dispute.closed', Object.assign(this.#find('dispute', id), { status: 'lost' }))
  }

  /** The owner finishes the set-up, and Stripe accepts the papers. */
  finishSetUp(accountId: string, transfers: 'active' | 'inactive' = 'active'): void {
    const account = this.#find('account', accountId)
    const bank = { object: 'bank_account', bank_name: 'STRIPE TEST BANK', last4: '6789', currency: 'usd' }
    const data = [{ ...bank, default_for_currency: true }]
    Object.assign(account, {
      capabilities: { transfers },
      details_submitted: true,
      external_accounts: { object: 'list', data },
    })
    this.tell('account.updated', account, accountId)
  }

  /** A person reverses a transfer in the dashboard. */
  reverse(transferId: string, part?: number): void {
    const transfer = this.#find('transfer', transferId)
    const amount = part ?? transfer.amount - transfer.amount_reversed
    transfer.amount_reversed += amount
    transfer.reversed = transfer.amount_reversed === transfer.amount
    this.#books.book(transferId, amount, transfer.currency, 0, this.#now())
    this.tell('transfer.reversed', transfer)
  }

  /** Stripe pays an account's balance on to the bank of its owner. */
  payOutToBank(accountId: string, outcome: 'paid' | 'failed'): void {
    const payout = { id: `po_${crypto.randomUUID().slice(0, 8)}`, object: 'payout', status: outcome }
    this.tell(`payout.${outcome}`, payout, accountId)
  }

  /** The platform's account gets money from elsewhere. */
  topUp(amount: number, currency: string): void {
    this.#books.book('topup', amount, currency, 0, this.#now())
  }
}
