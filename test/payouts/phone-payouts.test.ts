// Payouts to phones, by a provider that reports the outcome by a callback, once or never.
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { providers } from '../../src/money/providers/index.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { BOOK_PRICE, bought } from '../checkout/cart.ts'
import { withKey } from '../checkout/checkout.ts'
import type { Won } from '../draws/prizes.ts'
import { call } from '../harness/client.ts'
import { expectLogged } from '../harness/log.ts'
import { type Person, registerPlayer, signedInAdmin } from '../harness/people.ts'
import { Daraja, mpesaOver, resultBody } from '../payments/daraja.ts'
import {
  as,
  at,
  DRAW_AT,
  HOUR,
  MINUTE,
  NOW,
  newKey,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import { approve, cash, methodOf, payIn, payoutsOf, stageDrawn } from './payout-stage.ts'

const PHONE = '+254700000001'
const TO_PHONE = { provider: 'mpesa', destination: PHONE }
const NO_PHONE = 'must be a phone number with its country, such as +254700000001'
const WHOLE = 'mpesa pays whole KES only'

const daraja = new Daraja()
beforeAll(() => {
  providers.mpesa = mpesaOver(daraja)
})
afterAll(() => void delete providers.mpesa)
useClock()
beforeEach(() => daraja.reset())

const claim = async ({ id, holder }: Won) =>
  as(holder, 'POST', `/winners/${id}/claim`, { payoutMethodId: await methodOf(holder, 'mpesa', PHONE) })
const retry = (person: { id: string }, id: string) =>
  as(person, 'POST', `/payouts/${id}/retry`, undefined, withKey(newKey()))
const transferred = async (id: string) =>
  (
    await env.DB.prepare('SELECT credit, amount FROM transfers WHERE transaction_id = ?')
      .bind(`payout:${id}:paid`)
      .all()
  ).results

/** The network reports the outcome of the last transfer. */
async function report(code: number, number = '') {
  const transfer = daraja.transfers.at(-1)!
  const raw = resultBody(transfer, code, number)
  expect((await call('POST', new URL(transfer.ResultURL).pathname, { raw })).status).toBe(200)
  await sweep()
}

/** A prize of KES 5 on its way to the winner's phone. */
async function stageSent() {
  const staged = await stageDrawn({ prizes: [cash(500)] })
  await payIn(staged.organisation.id, 'mpesa', 500)
  expect((await claim(staged.won[0]!)).status).toBe(200)
  const [{ id }] = await payoutsOf(staged)
  expect((await approve(staged.operator, id)).body).toMatchObject({
    status: 'sent',
    provider: 'mpesa',
    destination: '••••0001',
  })
  expect(daraja.transfers).toMatchObject([{ OriginatorConversationID: id, Amount: 5, PartyB: PHONE }])
  const payout = async () => (await payoutsOf(staged))[0]
  return { staged, id: id as string, payout, admin: await signedInAdmin() }
}

/** A shop that has sold a book at `price`; `requestPayout` requests its earnings. */
async function stageShop(price = BOOK_PRICE) {
  at(NOW)
  const { id: productId, organisation } = await stageProduct({ price: { amount: price, currency: 'KES' } })
  await bought(await registerPlayer(), [{ productId, quantity: 1 }])
  await payIn(organisation.id, 'mpesa', price)
  const requestPayout = (to: object, person: Pick<Person, 'id'> = organisation.operator) =>
    as(
      person,
      'POST',
      '/payouts',
      { organisationId: organisation.id, currency: 'KES', ...to },
      withKey(newKey()),
    )
  return { organisation, operator: organisation.operator, requestPayout }
}

it('a prize is paid once its result comes; a repeated result changes nothing', async () => {
  const { staged, id, payout } = await stageSent()
  await report(0, 'RP1')
  expect(await payout()).toMatchObject({ status: 'paid', reference: 'RP1', attention: null })
  await report(0, 'RP1')
  expect(await transferred(id)).toEqual([{ credit: 'cash:mpesa', amount: 500 }])
  expect((await winnersOf(staged.id))[0].status).toBe('paid')
  expect(daraja.transfers).toHaveLength(1)
})

it('a prize whose queue timed out stays one transfer, which is polled', async () => {
  const { payout } = await stageSent()
  const { QueueTimeOutURL } = daraja.transfers[0]!
  expect((await call('POST', new URL(QueueTimeOutURL).pathname, { raw: '{}' })).status).toBe(200)
  await sweep()
  expect(await payout()).toMatchObject({ status: 'sent' })
  expect(daraja.transfers).toHaveLength(1)
  await report(0, 'RP2')
  expect(await payout()).toMatchObject({ status: 'paid' })
})

it('a prize that failed becomes a new transfer when it is retried', async () => {
  const { staged, id, payout } = await stageSent()
  await report(2_001)
  expect(await payout()).toMatchObject({ status: 'failed', attention: 'mpesa declined it' })
  expect((await retry(staged.operator, id)).body).toMatchObject({ status: 'sent', attempt: 1 })
  expect(daraja.transfers.map((each) => each.OriginatorConversationID)).toEqual([id, `${id}_1`])
  await report(0, 'RP3')
  expect(await payout()).toMatchObject({ status: 'paid', reference: 'RP3' })
  expect(await transferred(id)).toHaveLength(1)
})

it('a prize that was paid after a reported failure is not paid again', async () => {
  const { staged, id, payout } = await stageSent()
  await report(2_001)
  expect(await payout()).toMatchObject({ status: 'failed' })
  at(DRAW_AT + MINUTE)
  await report(0, 'RP7')
  expect(await payout()).toMatchObject({ status: 'paid', reference: 'RP7' })
  expect((await retry(staged.operator, id)).body.code).toBe('invalid_state')
  expect(daraja.transfers).toHaveLength(1)
  expect(await transferred(id)).toEqual([{ credit: 'cash:mpesa', amount: 500 }])
})

it('a prize that is pending after an administrator marked it as failed is not paid again', async () => {
  const { staged, id, payout, admin } = await stageSent()
  for (const hours of [1, 2, 3, 4, 5, 6]) {
    at(DRAW_AT + hours * HOUR)
    await sweep()
  }
  const reason = { reason: 'The statement does not have it.' }
  expect((await as(admin, 'POST', `/payouts/${id}/mark-failed`, reason)).body.status).toBe('failed')
  const { QueueTimeOutURL } = daraja.transfers[0]!
  expect((await call('POST', new URL(QueueTimeOutURL).pathname, { raw: '{}' })).status).toBe(200)
  expect(await payout()).toMatchObject({ status: 'sent', attention: null })
  expect((await retry(staged.operator, id)).body.code).toBe('invalid_state')
  await report(0, 'RP8')
  expect(await transferred(id)).toEqual([{ credit: 'cash:mpesa', amount: 500 }])
  expect(daraja.transfers).toHaveLength(1)
})

it('a prize whose result was lost is marked as paid by an administrator, and a late result does not pay it again', async () => {
  const { staged, id, payout, admin } = await stageSent()
  const mark = (person: Person) => as(person, 'POST', `/payouts/${id}/mark-paid`, { reference: 'RP4' })
  expect((await mark(admin)).body.code).toBe('invalid_state')
  for (const hours of [1, 2, 3, 4, 5, 6]) {
    at(DRAW_AT + hours * HOUR)
    await sweep()
  }
  expect((await payout()).attention).toBe('mpesa has not confirmed it yet.')
  expect((await mark(staged.operator)).body.code).toBe('forbidden')
  expect((await mark(admin)).body).toMatchObject({ status: 'paid', reference: 'RP4' })
  await report(0, 'RP4')
  expect(await transferred(id)).toEqual([{ credit: 'cash:mpesa', amount: 500 }])
  expect(daraja.transfers).toHaveLength(1)
})

it('a lost answer is no failure: the same transfer is polled', async () => {
  expectLogged('payout not sent')
  const { operator, requestPayout } = await stageShop()
  const { body } = await requestPayout(TO_PHONE)
  daraja.losesAnswer = true
  expect((await approve(operator, body.id)).body).toMatchObject({ status: 'sent', attention: null })
  at(NOW + MINUTE)
  await sweep()
  expect(daraja.transfers).toMatchObject([{ OriginatorConversationID: body.id, Amount: BOOK_PRICE / 100 }])
  await report(0, 'RP5')
  expect(await transferred(body.id)).toEqual([{ credit: 'cash:mpesa', amount: BOOK_PRICE }])
})

it('a payout goes only to phones and in whole shillings, and the errors say so', async () => {
  const person = await registerPlayer()
  const add = (to: object) => as(person, 'POST', '/users/me/payout-methods', to)
  const wrong = { ...TO_PHONE, destination: '0700 000 001' }
  expect((await add(wrong)).body.errors).toEqual([{ path: 'destination', message: NO_PHONE }])
  const stripe = await add({ provider: 'stripe', destination: 'acct_1234' })
  expect(stripe.body.errors).toEqual([{ path: 'provider', message: 'stripe is not set up here' }])
  const uneven = await stageDrawn({ prizes: [cash(550)] })
  expect((await claim(uneven.won[0]!)).body.errors).toEqual([{ path: 'payoutMethodId', message: WHOLE }])
  expect(await payoutsOf(uneven)).toEqual([])
  const { requestPayout } = await stageShop(BOOK_PRICE + 50)
  expect((await requestPayout(wrong)).body.errors).toEqual([{ path: 'destination', message: NO_PHONE }])
  expect((await requestPayout(TO_PHONE)).body.errors).toEqual([{ path: 'provider', message: WHOLE }])
  expect((await requestPayout({ provider: 'manual', destination: 'KCB 1180230112' })).status).toBe(201)
})
