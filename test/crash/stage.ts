// The data of the crash tests: a shop that sells tickets and books, whose orders earn entries to a lucky draw.
import { env } from 'cloudflare:workers'
import { beforeEach, expect } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { type LineIn, ordered } from '../checkout/cart.ts'
import { press } from '../checkout/checkout.ts'
import { type Answer, call } from '../harness/client.ts'
import { DIED } from '../harness/crash.ts'
import { allowLogged } from '../harness/log.ts'
import {
  type Organisation,
  organisationWithOperator,
  type Person,
  registerPlayer,
} from '../harness/people.ts'
import { DAY, iso, KES, MINUTE, NOW, type Staged, stageRaffle } from '../raffles/scenario.ts'

export const PRICE = 1_000
/** Late enough: in some flows the holds of each try expire in turn. */
export const CLOSES_AT = NOW + 30 * DAY
export const DRAW_AT = CLOSES_AT + 30 * MINUTE
/** Stock of a book: more than all tries together buy. */
const BOOKS = 1_000

export const people = {} as { organisation: Organisation; buyer: Person }

/**
 * Makes an organisation and a buyer before each test, by that test's clock: the sweep deletes expired sessions. Calls that
 * fail because the process died may be logged.
 */
export function usePeople(): void {
  beforeEach(async () => {
    allowLogged({ reason: DIED })
    // A job of several parts reports what each of them failed by.
    allowLogged({ message: 'sweep: a job failed', error: 'AggregateError' })
    people.organisation = await organisationWithOperator()
    people.buyer = await registerPlayer()
  })
}

/** Fails unless the response has one of `statuses`; returns it. */
export function expectStatus(answer: Answer, ...statuses: number[]): Answer {
  expect(statuses, JSON.stringify(answer.body)).toContain(answer.status)
  return answer
}

export const stagePriced = (changes: Record<string, unknown> = {}): Promise<Staged> =>
  stageRaffle(
    {
      ticketPrice: KES(PRICE),
      totalTickets: 1_000,
      maxPerUser: null,
      providers: ['sandbox', 'manual'],
      closesAt: iso(CLOSES_AT),
      drawAt: iso(DRAW_AT),
      ...changes,
    },
    people.organisation,
  )

/** A raffle whose entries the organisation's orders earn. */
export const stageEarned = (): Promise<Staged> =>
  stagePriced({
    ticketPrice: KES(0),
    providers: [],
    entry: 'order',
    earning: { per: 'amount', amountPerEntry: 2_000 },
  })

export interface Shop {
  raffle: Staged
  earned: Staged
  bookId: string
  /** Units put into stock, by product. */
  stock: Map<string, number>
}

export async function stageShop(changes: Record<string, unknown> = {}): Promise<Shop> {
  const [raffle, earned] = [await stagePriced(changes), await stageEarned()]
  const { id: bookId } = await stageProduct({ stock: BOOKS }, people.organisation)
  return { raffle, earned, bookId, stock: new Map([[bookId, BOOKS]]) }
}

export const cartOf = ({ raffle, bookId }: Pick<Shop, 'raffle' | 'bookId'>) => [
  { raffleId: raffle.id, quantity: 3 },
  { productId: bookId, quantity: 2 },
]

export const onCheckout = (url: string, action: string, bindings: Partial<Bindings> = {}): Promise<Answer> =>
  call('POST', new URL(url).pathname, {
    form: { action },
    headers: { origin: new URL(url).origin },
    bindings,
  })

export interface Bought {
  buyer: Person
  order: Answer['body']
}

export const stageOrder = async (lines: LineIn[], buyer = people.buyer): Promise<Bought> => ({
  buyer,
  order: await ordered(buyer, lines),
})

export async function stagePaid(lines: LineIn[], buyer = people.buyer): Promise<Bought> {
  const staged = await stageOrder(lines, buyer)
  await press(staged.order.payment.checkoutUrl, 'approve')
  return staged
}

/** The payer pays, but the webhook of it is lost. */
export const payWithLostWebhook = ({ order }: Bought) =>
  env.DB.prepare(`UPDATE sandbox_charges SET status = 'approved', captures = 1 WHERE id = ?`)
    .bind(order.payment.id)
    .run()

/** Whether the buyer has paid for the order, by any try. */
export async function isPaidFor({ order }: Bought): Promise<boolean> {
  const found = env.DB.prepare(
    `SELECT EXISTS (SELECT 1 FROM sandbox_charges WHERE captures > 0
       AND id IN (SELECT id FROM payments WHERE order_id = ?1))
     OR EXISTS (SELECT 1 FROM receipts WHERE order_id = ?1) AS isPaid`,
  )
  return (await found.bind(order.id).first<number>('isPaid')) === 1
}

/** A sentence if the order's status is none of `statuses`. */
export async function wrongStatus(statuses: string[], { order: { id } }: Bought): Promise<string[]> {
  const status = await env.DB.prepare('SELECT status FROM orders WHERE id = ?')
    .bind(id)
    .first<string>('status')
  return statuses.includes(status!) ? [] : [`order ${id} is ${status}, not ${statuses.join(' or ')}`]
}
