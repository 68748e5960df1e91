// Purchases for tests: places orders through their routes, and presses the payer's buttons on the sandbox's page.
import { exports } from 'cloudflare:workers'
import { expect, onTestFinished } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { sandbox } from '../../src/money/providers/sandbox.ts'
import type { Answer } from '../harness/client.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { as, CLOSES_AT, catchUp, HOUR, iso, newKey, type Staged, stageRaffle } from '../raffles/scenario.ts'

/** The ticket price of raffles made here, in minor units. */
export const PRICE = 500

const REFUND_REASON = 'The buyer cannot come.'

/** Publishes a raffle whose tickets cost money. It is drawn an hour after its sales end. */
export const stagePriced = (changes: Record<string, unknown> = {}, like?: Staged): Promise<Staged> =>
  stageRaffle(
    {
      ticketPrice: { amount: PRICE, currency: 'KES' },
      providers: ['sandbox', 'manual'],
      drawAt: iso(CLOSES_AT + HOUR),
      ...changes,
    },
    like?.organisation,
  )

/** Lets the sandbox start payments as a provider over a network does: after they are inserted. For the rest of the test. */
export function startRemotely(): void {
  const { startLocally } = sandbox
  sandbox.startLocally = null
  onTestFinished(() => {
    sandbox.startLocally = startLocally
  })
}

export interface Bought {
  id: string
  // biome-ignore lint/suspicious/noExplicitAny: the client checked it against the route's schema
  order: any
  reservationId: string
  checkoutUrl: string
  key: string
}

export const withKey = (key: string) => ({ headers: { 'idempotency-key': key } })

export const purchase = (
  person: Person,
  raffleId: string,
  what: { quantity?: number; numbers?: number[] } = { quantity: 1 },
  { key = newKey(), payment = { provider: 'sandbox' } as object } = {},
): Promise<Answer> => as(person, 'POST', '/tickets/purchase', { raffleId, ...what, payment }, withKey(key))

/** Makes a purchase that must succeed. It waits for its payment. */
export async function reserve(person: Person, raffleId: string, quantity = 1): Promise<Bought> {
  const key = newKey()
  const { status, body } = await purchase(person, raffleId, { quantity }, { key })
  expect(status, JSON.stringify(body)).toBe(201)
  const { order, reservation } = body
  return {
    id: order.id,
    order,
    reservationId: reservation.id,
    checkoutUrl: order.payment.checkoutUrl,
    key,
  }
}

export type Button = 'approve' | 'decline' | 'later' | 'twice' | 'dispute'

/** Presses a button on the sandbox's payment page. */
export async function press(checkoutUrl: string, action: Button): Promise<void> {
  const response = await exports.default.fetch(
    new Request(checkoutUrl, { method: 'POST', body: new URLSearchParams({ action }), redirect: 'manual' }),
  )
  expect(response.status, await response.text()).toBeLessThan(400)
}

/** Makes a purchase and pays it. */
export async function paid(person: Person, raffleId: string, quantity = 1): Promise<Bought> {
  const bought = await reserve(person, raffleId, quantity)
  await press(bought.checkoutUrl, 'approve')
  const order = await orderOf(person, bought.id)
  expect(order.status).toBe('paid')
  return { ...bought, order }
}

/** A new player with an order that is paid. */
export async function buyOf(staged: Staged, quantity: number): Promise<Bought & { player: Person }> {
  const player = await registerPlayer()
  return { player, ...(await paid(player, staged.id, quantity)) }
}

export async function orderOf(person: Person, id: string) {
  const { status, body } = await as(person, 'GET', `/orders/${id}`)
  expect(status).toBe(200)
  return body
}

export const historyOf = (order: { history: { text: string }[] }): string =>
  order.history.map(({ text }) => text).join('\n')

export interface Refunded {
  reason?: string
  lines?: { line: number; numbers: number[] }[]
}

export const refund = (
  who: Pick<Person, 'id'>,
  orderId: string,
  what: Refunded = {},
  key = newKey(),
  more: { bindings?: Partial<Bindings> } = {},
): Promise<Answer> =>
  as(
    who,
    'POST',
    `/orders/${orderId}/refunds`,
    { reason: REFUND_REASON, ...what },
    { ...withKey(key), ...more },
  )

/** The count that everyone can read. */
export const soldOf = async (raffleId: string): Promise<number> => {
  await catchUp(raffleId)
  return (await as(null, 'GET', `/raffles/${raffleId}/availability`)).body.sold
}
