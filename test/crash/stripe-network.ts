// Stripe for the crash tests: the process that calls it may die after each request that changes something there.
import { env } from 'cloudflare:workers'
import { beforeEach, expect } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import type { Thing } from '../fakes/stripe/books.ts'
import { signed } from '../fakes/stripe/send.ts'
import { FakeStripe } from '../fakes/stripe/stripe.ts'
import { type Answer, call } from '../harness/client.ts'
import { allowLogged } from '../harness/log.ts'
import { connect } from '../harness/network.ts'
import type { Person } from '../harness/people.ts'
import { all, till } from '../payments/stripe-stage.ts'
import { MINUTE } from '../raffles/scenario.ts'
import { type Send, sendSafely } from './flow.ts'

type Through = <Result>(call: () => Promise<Result>) => Promise<Result>

/** Longer than Stripe's span and the pool's grace period together. */
export const STRIPE_HOLDS_MS = 34 * MINUTE

export const stripeNetwork = {} as { stripe: FakeStripe; through: Through; tillBefore: number }

/** For every test of the file, after `useClock`. */
export function useDyingStripe(): void {
  beforeEach(async () => {
    // The package turns the death of the process into an error of its own.
    allowLogged({ error: 'Problem', reason: /StripeConnectionError/ })
    const stripe = new FakeStripe()
    Object.assign(stripeNetwork, {
      stripe,
      through: (call: () => unknown) => call(),
      tillBefore: await till(),
    })
    // A read changes nothing at Stripe, so that it is no place to die at. A dead process makes none.
    connect({
      hosts: stripe.hosts,
      answer: (request) =>
        request.method === 'GET'
          ? stripe.answer(request)
          : stripeNetwork.through(() => stripe.answer(request)),
    })
  })
}

/** The process calls Stripe too. Afterwards Stripe answers others again. */
export async function sendWith<Result>(
  send: Send,
  request: (bindings: Partial<Bindings>) => Promise<Result>,
): Promise<Result> {
  try {
    return await send((bindings, outside) => {
      stripeNetwork.through = outside
      return request(bindings)
    })
  } finally {
    stripeNetwork.through = (call) => call()
  }
}

async function sendEvent(event: Thing, send: Send): Promise<Answer> {
  const { path, body, headers } = await signed(event)
  return sendWith(send, (bindings) => call('POST', path, { raw: body, headers, bindings }))
}

/** Stripe sends each event once. The process may die while it handles it. */
export async function tellOnce(send: Send): Promise<void> {
  const { outside } = stripeNetwork.stripe
  for (const event of outside.events.splice(0)) await sendEvent(event, send)
}

/** Stripe sends its events. One that is not answered stays, and is sent again with the next. */
export async function tell(send: Send): Promise<void> {
  const { outside } = stripeNetwork.stripe
  while (outside.events.length > 0) {
    const { status } = await sendEvent(outside.events[0]!, send)
    if (status === 200) outside.events.shift()
    else throw new Error(`the worker answered an event with ${status}`)
  }
}

/** For `Flow.meanwhile`: Stripe repeats what was not answered. */
export const tellAgain = (): Promise<void> => tell(sendSafely)

/** What moved since the test began is in our ledger as at Stripe. */
export async function expectSameBooks(): Promise<void> {
  const { stripe, tillBefore } = stripeNetwork
  expect((await till()) - tillBefore).toBe(stripe.books.balanceOf('usd'))
}

/** Sessions of the buyer's payments. */
export async function sessionsOf({ id }: Person): Promise<Thing[]> {
  const rows = await all(
    'SELECT id FROM payments WHERE order_id IN (SELECT id FROM orders WHERE user_id = ?)',
    id,
  )
  return stripeNetwork.stripe.books
    .all('checkout.session')
    .filter((each) => rows.some((row) => row.id === each.client_reference_id))
}

/** The buyer's order, if it was written. */
export const orderOf = ({ id }: Person): Promise<{ id: string; status: string } | null> =>
  env.DB.prepare('SELECT id, status FROM orders WHERE user_id = ?').bind(id).first()
