// M-Pesa and Stripe in a simulation. Requests to them go wrong, and what they post comes late, twice, in another order, or from
// M-Pesa never. `catchUp` is what they do once the network works again.
import { rowIdOf } from '../../../src/money/attempt-key.ts'
import { FakeMpesa, type Prompt, type Transfer } from '../../fakes/mpesa/mpesa.ts'
import type { Kind, Thing } from '../../fakes/stripe/books.ts'
import { signed } from '../../fakes/stripe/send.ts'
import { FakeStripe } from '../../fakes/stripe/stripe.ts'
import { call } from '../../harness/client.ts'
import { connect, postToWorker } from '../../harness/network.ts'
import { atOneAddress } from '../../payments/mpesa-stage.ts'
import type { World } from '../world.ts'

/** How a post of M-Pesa arrives. */
export const DELIVERIES = ['now', 'now', 'now', 'twice', 'late', 'late', 'lost'] as const
export type Delivery = (typeof DELIVERIES)[number]

/** How an event of Stripe arrives: it stays if it is not answered, and is sent again. */
export interface Telling {
  /** One number from 0 to 9 for each event: 0 and 1 stay, 2 comes twice. */
  numbers: readonly number[]
  isReversed: boolean
}

const IN_ORDER: Telling = { numbers: [9], isReversed: false }

export class ProviderNetwork {
  readonly daraja = new FakeMpesa({ post: postToWorker })
  readonly stripe = new FakeStripe()
  /** What M-Pesa posts late. */
  readonly late: (() => Promise<void>)[] = []
  /** Transfers of M-Pesa that a sweep may have polled. */
  readonly #polled = new Set<Transfer>()

  constructor({ mailer }: World) {
    connect(mailer, atOneAddress(this.daraja), this.stripe)
  }

  async report(how: Delivery, post: () => Promise<void>): Promise<void> {
    if (how === 'late') this.late.push(post)
    else if (how !== 'lost') await Promise.all(how === 'twice' ? [post(), post()] : [post()])
  }

  promptsOf = (paymentId: string | null): Prompt[] =>
    paymentId === null ? [] : this.daraja.prompts.filter(({ callBackUrl }) => callBackUrl.includes(paymentId))

  openSessionOf = (paymentId: string | null): Thing | undefined =>
    this.stripe.books
      .all('checkout.session')
      .find((each) => each.client_reference_id === paymentId && each.status === 'open')

  /** One of the newest objects that fit. */
  newest = (kind: Kind, place: number, fits: (thing: Thing) => boolean = () => true): Thing | undefined => {
    const found = this.stripe.books.all(kind).filter(fits)
    return found[place % Math.max(1, found.length)]
  }

  async tell({ numbers, isReversed }: Telling = IN_ORDER): Promise<void> {
    const { outside } = this.stripe
    const events = outside.events.splice(0)
    for (const [at, event] of (isReversed ? events.reverse() : events).entries()) {
      const number = numbers[at % numbers.length]!
      if (number <= 1) {
        outside.events.push(event)
        continue
      }
      const { path, body: raw, headers } = await signed(event)
      const send = async () => (await call('POST', path, { raw, headers })).status
      const statuses = await Promise.all(number === 2 ? [send(), send()] : [send()])
      if (!statuses.includes(200)) outside.events.push(event)
    }
  }

  /** Time runs out on phones, banks decide, and everything that waits arrives. A transfer is polled once before. */
  async catchUp(): Promise<void> {
    const { daraja, stripe } = this
    for (const prompt of daraja.prompts) if (prompt.code === null) await daraja.cancel(prompt, 1037)
    for (const transfer of daraja.transfers) {
      if (transfer.code === null && this.#polled.has(transfer)) await daraja.complete(transfer)
      this.#polled.add(transfer)
    }
    for (const post of this.late.splice(0)) await post()
    await daraja.reportQueries()
    stripe.outside.passTime()
    stripe.outside.refundsAre = undefined
    stripe.isBalancePending = false
    for (const { id, status } of stripe.books.all('refund')) {
      if (status === 'pending') stripe.outside.settleRefund(id)
    }
    await this.tell()
  }

  heal(): void {
    this.daraja.heal()
    this.stripe.heal()
  }

  /** Transfers of M-Pesa for a refund or payout. */
  transfersOf = (id: string): Transfer[] =>
    this.daraja.transfers.filter(({ resultUrl }) => resultUrl.includes(`/${id}`))

  /** How often money arrived for a refund or payout, by M-Pesa and by Stripe. What came back has not arrived. */
  arrivalsOf(id: string): { mpesa: number; stripe: number; reference: string | null } {
    const arrived = this.transfersOf(id).filter(({ code }) => code === 0)
    const refunds = this.stripe.books
      .all('refund')
      .filter((each) => rowIdOf(each.metadata.refundId ?? '') === id && each.status !== 'failed')
    const transfers = this.stripe.books
      .all('transfer')
      .filter((each) => each.transfer_group === id && !each.reversed)
    const stripe = [...refunds, ...transfers]
    return {
      mpesa: arrived.length,
      stripe: stripe.length,
      reference: arrived[0]?.transactionId ?? stripe[0]?.id ?? null,
    }
  }
}
