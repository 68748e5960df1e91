// Buying by Stripe in tests: its fake on the network, and its events on the way to the worker.
import { env } from 'cloudflare:workers'
import { beforeEach, expect } from 'vitest'
import { stagePriced, withKey } from '../checkout/checkout.ts'
import type { Thing } from '../fakes/stripe/books.ts'
import { type HowSigned, signed } from '../fakes/stripe/send.ts'
import { FakeStripe } from '../fakes/stripe/stripe.ts'
import { type Answer, type CallOptions, call } from '../harness/client.ts'
import { connect } from '../harness/network.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { as, newKey, type Staged } from '../raffles/scenario.ts'

export const USD = (amount: number) => ({ amount, currency: 'USD' })
export const PRICE = 5_000

/** A new Stripe for each test of the file. */
export function useStripe(): { stripe: FakeStripe } {
  const network = {} as { stripe: FakeStripe }
  beforeEach(() => {
    network.stripe = new FakeStripe()
    connect(network.stripe)
  })
  return network
}

export const stageSale = (changes: Record<string, unknown> = {}): Promise<Staged> =>
  stagePriced({ ticketPrice: USD(PRICE), providers: ['stripe'], totalTickets: 1_000, ...changes })

export const buyBy = (
  person: Person,
  { id: raffleId }: Pick<Staged, 'id'>,
  { key = newKey(), quantity = 1, more = {} }: { key?: string; quantity?: number; more?: object } = {},
): Promise<Answer> =>
  as(
    person,
    'POST',
    '/tickets/purchase',
    { raffleId, quantity, payment: { provider: 'stripe', ...more } },
    withKey(key),
  )

export interface Buying {
  buyer: Person
  order: Answer['body']
  /** Stripe's id of its session. */
  session: string
}

/** A buyer who was sent to Stripe's page. */
export async function sentToPay(raffle: Staged, what: Parameters<typeof buyBy>[2] = {}): Promise<Buying> {
  const buyer = await registerPlayer()
  const { status, body } = await buyBy(buyer, raffle, what)
  expect(status, JSON.stringify(body)).toBe(201)
  return { buyer, order: body.order, session: sessionOf(body.order) }
}

export const sessionOf = ({ payment }: { payment: { checkoutUrl: string } }): string =>
  payment.checkoutUrl.split('/').at(-1)!

/** Stripe sends an event. */
export async function post(event: Thing, how: HowSigned = {}, more: CallOptions = {}): Promise<Answer> {
  const { path, body, headers } = await signed(event, how)
  return call('POST', path, { ...more, raw: body, headers })
}

/** Stripe sends every event that waits, the oldest first, or in another order. */
export async function postAll(
  stripe: FakeStripe,
  order: (events: Thing[]) => Thing[] = (events) => events,
): Promise<void> {
  const waiting = order(stripe.events)
  stripe.outside.events = []
  for (const event of waiting) {
    const { status, body } = await post(event)
    expect(status, `${event.type}: ${JSON.stringify(body)}`).toBe(200)
  }
}

/** A buyer who has paid and got tickets; `charge` is Stripe's id of the money. */
export async function boughtBy(
  stripe: FakeStripe,
  raffle: Staged,
  quantity = 1,
): Promise<Buying & { charge: string }> {
  const buying = await sentToPay(raffle, { quantity })
  const charge = stripe.outside.pay(buying.session)
  await postAll(stripe)
  return { ...buying, charge: charge.id }
}

export const all = async (query: string, ...values: unknown[]) =>
  (
    await env.DB.prepare(query)
      .bind(...values)
      // biome-ignore lint/suspicious/noExplicitAny: columns as the test names them
      .all<any>()
  ).results

export const receiptsOf = (orderId: string) => all('SELECT * FROM receipts WHERE order_id = ?', orderId)
export const paymentRow = async (id: string) => (await all('SELECT * FROM payments WHERE id = ?', id))[0]
export const refundsOf = (orderId: string) =>
  all('SELECT * FROM refunds WHERE order_id = ? ORDER BY id', orderId)

/** The till of Stripe in the ledger. Other tests of the file have moved money too: compare before and after. */
export const till = async (currency = 'USD'): Promise<number> =>
  (await all("SELECT balance FROM tills WHERE account = 'cash:stripe' AND currency = ?", currency))[0]
    ?.balance ?? 0
