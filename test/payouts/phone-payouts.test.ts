// Payouts by M-Pesa, which reports the outcome by a callback, once or never.
import { env } from 'cloudflare:workers'
import { beforeEach, expect, it } from 'vitest'
import { stageProduct } from '../catalog/shelf.ts'
import { BOOK_PRICE, bought } from '../checkout/cart.ts'
import { withKey } from '../checkout/checkout.ts'
import { disqualify, type Won, wonIn } from '../draws/prizes.ts'
import { expectLogged } from '../harness/log.ts'
import { organisationWithOperator, type Person, registerPlayer } from '../harness/people.ts'
import { withShortTimers } from '../harness/short-timers.ts'
import { daraja, sent, useMpesa } from '../payments/mpesa-stage.ts'
import {
  as,
  at,
  DRAW_AT,
  drawOnTime,
  HOUR,
  KES,
  MINUTE,
  NOW,
  newKey,
  SECOND,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import {
  allowGuarantees,
  approve,
  cash,
  claimCash,
  earn,
  payIn,
  payoutsOf,
  share,
  stageDrawn,
  stagePriced,
} from './payout-stage.ts'
import { claim, PRIZE, report, stageSent, transferred } from './phone-stage.ts'

const TO_PHONE = { provider: 'mpesa', destination: '0700 000 001' }
const NO_PHONE = 'must be a Kenyan mobile number, such as 0712 345 678 or +254712345678'

useClock()
useMpesa()
// The short code has money to pay out.
beforeEach(() => {
  daraja.till = 1_000_000
})

const retry = (person: { id: string }, id: string) =>
  as(person, 'POST', `/payouts/${id}/retry`, undefined, withKey(newKey()))
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
  const reference = await report()
  expect(await payout()).toMatchObject({ status: 'paid', reference, attention: null })
  await report()
  expect(await transferred(id)).toEqual([{ credit: 'cash:mpesa', amount: PRIZE }])
  expect((await winnersOf(staged.id))[0].status).toBe('paid')
  expect(daraja.transfers).toHaveLength(1)
})

it('a prize whose queue timed out stays one transfer, which is polled', async () => {
  const { payout } = await stageSent()
  await daraja.reportTimeOut(daraja.transfers[0]!)
  await sweep()
  expect(await payout()).toMatchObject({ status: 'sent' })
  expect(daraja.transfers).toHaveLength(1)
  await report()
  expect(await payout()).toMatchObject({ status: 'paid' })
})

it('a prize that failed becomes a new transfer when it is retried', async () => {
  const { staged, id, payout } = await stageSent()
  await report(1)
  expect(await payout()).toMatchObject({
    status: 'failed',
    attention: 'the M-Pesa account has not enough money (M-Pesa’s code 1)',
  })
  expect(await payoutsOf(staged, '&needs=attention')).toMatchObject([{ id }])
  expect((await retry(staged.operator, id)).body).toMatchObject({ status: 'sent', attempt: 1 })
  expect(await payoutsOf(staged, '&needs=attention')).toEqual([])
  expect(daraja.transfers.map((each) => each.OriginatorConversationID)).toEqual([id, `${id}_1`])
  const reference = await report()
  expect(await payout()).toMatchObject({ status: 'paid', reference })
  expect(await transferred(id)).toHaveLength(1)
})

it('a prize that was paid after a reported failure is not paid again', async () => {
  const { staged, id, payout } = await stageSent()
  await report(1)
  expect(await payout()).toMatchObject({ status: 'failed' })
  at(DRAW_AT + MINUTE)
  const reference = await report()
  expect(await payout()).toMatchObject({ status: 'paid', reference })
  expect((await retry(staged.operator, id)).body.code).toBe('invalid_state')
  expect(daraja.transfers).toHaveLength(1)
  expect(await transferred(id)).toEqual([{ credit: 'cash:mpesa', amount: PRIZE }])
})

it('a prize that was given up and arrived after all is not sent by the retry', async () => {
  const { staged, id, payout } = await stageSent()
  await report(1)
  const transfer = daraja.transfers[0]!
  // The retry dies before it reaches M-Pesa, and the result of the first attempt comes then.
  await env.DB.prepare(
    "UPDATE payouts SET status = 'approved', attempt = 1, attention = NULL, due_at = ? WHERE id = ?",
  )
    .bind(DRAW_AT + MINUTE, id)
    .run()
  transfer.code = null
  daraja.settle(transfer)
  await daraja.reportTransfer(transfer)
  at(DRAW_AT + 2 * MINUTE)
  await sweep()
  expect(await payout()).toMatchObject({ status: 'paid', reference: transfer.transactionId })
  expect(daraja.transfers).toHaveLength(1)
  expect(await transferred(id)).toEqual([{ credit: 'cash:mpesa', amount: PRIZE }])
  expect((await winnersOf(staged.id))[0].status).toBe('paid')
})

it('a prize of which an earlier attempt arrives while a later one is under way is for a person', async () => {
  const { staged, id, payout } = await stageSent()
  await report(1)
  await retry(staged.operator, id)
  const [first, second] = daraja.transfers
  first!.code = null
  daraja.settle(first!)
  await daraja.reportTransfer(first!)
  await sweep()
  expect(await payout()).toMatchObject({
    status: 'sent',
    attention: expect.stringContaining(`M-Pesa paid another attempt at it (${first!.transactionId})`),
  })
  await daraja.complete(second!, 1)
  await sweep()
  expect(await payout()).toMatchObject({ status: 'paid', reference: first!.transactionId })
  expect(await transferred(id)).toEqual([{ credit: 'cash:mpesa', amount: PRIZE }])
})

it('a prize that arrives after its winner was disqualified is booked, and shown to the organisation', async () => {
  const { staged, id, payout } = await stageSent()
  await report(1)
  expect((await disqualify(staged.operator, staged.won[0]!.id)).status).toBe(200)
  expect(await payout()).toMatchObject({ status: 'cancelled' })
  const [transfer] = daraja.transfers
  transfer!.code = null
  daraja.settle(transfer!)
  for (const _ of ['once', 'twice']) {
    await daraja.reportTransfer(transfer!)
    await sweep()
  }
  expect(await payout()).toMatchObject({
    status: 'paid',
    reference: transfer!.transactionId,
    attention: expect.stringContaining('mpesa has paid it after it was cancelled'),
  })
  const [booked, ...more] = await transferred(id)
  expect([booked, more]).toEqual([{ credit: 'cash:mpesa', amount: 1_000 }, []])
  expect((await winnersOf(staged.id))[0].status).toBe('disqualified')
})

it('a cancelled prize needs a person if M-Pesa reports that it sent another sum', async () => {
  const { staged, id, payout } = await stageSent()
  await report(1)
  expect((await disqualify(staged.operator, staged.won[0]!.id)).status).toBe(200)
  const [transfer] = daraja.transfers
  Object.assign(transfer!, { code: null, amount: 11 })
  daraja.settle(transfer!)
  await daraja.reportTransfer(transfer!)
  await sweep()
  expect(await payout()).toMatchObject({
    status: 'cancelled',
    attention: 'Compare it with the statement of mpesa: M-Pesa says that KES 11.00 was sent.',
  })
  expect(await transferred(id)).toEqual([])
  const dismissed = await as(staged.operator, 'POST', `/payouts/${id}/dismiss`)
  expect([dismissed.status, dismissed.body.attention]).toEqual([200, null])
})

it('a prize that is pending after an administrator marked it as failed is not paid again', async () => {
  const { staged, id, payout, admin } = await stageSent()
  for (const hours of [1, 2, 3, 4, 5, 6]) {
    at(DRAW_AT + hours * HOUR)
    await sweep()
  }
  const reason = { reason: 'The statement does not have it.' }
  expect((await as(admin, 'POST', `/payouts/${id}/mark-failed`, reason)).body.status).toBe('failed')
  await daraja.reportTimeOut(daraja.transfers[0]!)
  expect(await payout()).toMatchObject({ status: 'sent', attention: null })
  expect((await retry(staged.operator, id)).body.code).toBe('invalid_state')
  await report()
  expect(await transferred(id)).toEqual([{ credit: 'cash:mpesa', amount: PRIZE }])
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
  await report()
  expect(await transferred(id)).toEqual([{ credit: 'cash:mpesa', amount: PRIZE }])
  expect(daraja.transfers).toHaveLength(1)
})

it('a lost answer is no failure: the same transfer is polled', async () => {
  expectLogged('payout not sent')
  const { operator, requestPayout } = await stageShop()
  const { body } = await requestPayout(TO_PHONE)
  daraja.misbehave('b2c', 'lost')
  expect((await approve(operator, body.id)).body).toMatchObject({ status: 'sent', attention: null })
  at(NOW + MINUTE)
  await sweep()
  expect(daraja.transfers).toMatchObject([{ OriginatorConversationID: body.id, amount: BOOK_PRICE / 100 }])
  await report()
  expect(await transferred(body.id)).toEqual([{ credit: 'cash:mpesa', amount: BOOK_PRICE }])
})

it('a request that hangs holds the approval for fifteen seconds only, and pays once', async () => {
  expectLogged('payout not sent')
  const { operator, requestPayout } = await stageShop()
  const { body } = await requestPayout(TO_PHONE)
  daraja.misbehave('b2c', 'hang')
  const { result, timers } = await withShortTimers(15 * SECOND, () => approve(operator, body.id))
  expect(timers).toBe(1)
  expect(result.body).toMatchObject({ status: 'sent', attention: null })
  at(NOW + MINUTE)
  await sweep()
  expect(daraja.transfers).toMatchObject([{ OriginatorConversationID: body.id, amount: BOOK_PRICE / 100 }])
  await report()
  expect(await transferred(body.id)).toEqual([{ credit: 'cash:mpesa', amount: BOOK_PRICE }])
})

it('a lost answer is asked for once by sweeps that overlap', async () => {
  expectLogged('payout not sent')
  const { operator, requestPayout } = await stageShop()
  const { body } = await requestPayout(TO_PHONE)
  daraja.misbehave('b2c', '500 after')
  expect((await approve(operator, body.id)).body).toMatchObject({ status: 'sent', attention: null })
  at(NOW + MINUTE)
  await Promise.all([sweep(), sweep(), sweep()])
  expect(sent('b2c')).toHaveLength(2)
  await report()
  expect(await transferred(body.id)).toEqual([{ credit: 'cash:mpesa', amount: BOOK_PRICE }])
})

it.each([
  [550, 'whole shillings only, and this is KES 5.50'],
  [PRIZE - 100, 'at least KES 10.00, and this is KES 9.00'],
  [25_000_100, 'at most KES 250,000.00 at once, and this is KES 250,001.00'],
])('a prize of %i is not claimed to a phone, and the error says why', async (amount, why) => {
  const organisation = await organisationWithOperator()
  await allowGuarantees(organisation.id, amount)
  const staged = await stageDrawn({ prizes: [cash(amount)] }, 5, organisation)
  expect((await claim(staged.won[0]!)).body.errors).toEqual([
    { path: 'payoutMethodId', message: `mpesa pays ${why}: choose a payout method by sandbox or hand` },
  ])
  expect(await payoutsOf(staged)).toEqual([])
})

it('a share above what M-Pesa pays is claimed by hand, if M-Pesa alone holds the takings', async () => {
  const price = 20_000_000
  const staged = await stagePriced({ ticketPrice: KES(price), prizes: [share(5_000)] })
  await earn(staged.id, 5 * price)
  await drawOnTime(staged)
  await env.DB.prepare('UPDATE raffles SET providers = ? WHERE id = ?').bind('["mpesa"]', staged.id).run()
  const [won] = (await wonIn(staged.id)) as [Won]
  expect((await claim(won)).body.errors).toEqual([
    {
      path: 'payoutMethodId',
      message:
        'mpesa pays at most KES 250,000.00 at once, and this is KES 500,000.00: choose a payout method by hand',
    },
  ])
  expect((await claimCash(won, 'manual')).status).toBe(200)
  const [{ id }] = await payoutsOf(staged)
  await approve(staged.operator, id)
  const paid = await as(staged.operator, 'POST', `/payouts/${id}/mark-paid`, { reference: 'FT-1' })
  expect(paid.body).toMatchObject({ status: 'paid', amount: KES(50_000_000) })
})

it('a share of nothing needs no payout, however little M-Pesa sends', async () => {
  const { won } = await stageDrawn({ ticketPrice: KES(0), providers: [], prizes: [share(5_000)] })
  const { status, body } = await claim(won[0]!)
  expect(status, JSON.stringify(body)).toBe(200)
  expect(body.winner.status).toBe('paid')
})

it('a payout goes only to phones and in whole shillings, and the errors say so', async () => {
  const person = await registerPlayer()
  const add = (to: object) => as(person, 'POST', '/users/me/payout-methods', to)
  const wrong = { ...TO_PHONE, destination: '0207 123 456' }
  expect((await add(wrong)).body.errors).toEqual([{ path: 'destination', message: NO_PHONE }])
  const { requestPayout } = await stageShop(BOOK_PRICE + 50)
  expect((await requestPayout(wrong)).body.errors).toEqual([{ path: 'destination', message: NO_PHONE }])
  const uneven = { amount: BOOK_PRICE + 50, currency: 'KES' }
  expect((await requestPayout({ ...TO_PHONE, amount: uneven })).body.errors).toEqual([
    {
      path: 'provider',
      message: `mpesa pays whole shillings only, and this is KES ${(uneven.amount / 100).toFixed(2)}`,
    },
  ])
  const { status, body } = await requestPayout(TO_PHONE)
  expect([status, body.amount]).toEqual([201, { ...uneven, amount: BOOK_PRICE }])
})
