// Refunds by M-Pesa: a full one reverses the payment, any other one is sent to the phone. Results come once, late or never.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { sweepRefunds } from '../../src/refunds/sweep-refunds.ts'
import { historyOf, orderOf, stagePriced, withKey } from '../checkout/checkout.ts'
import type { Prompt, Transfer } from '../fakes/mpesa/mpesa.ts'
import { expectLogged } from '../harness/log.ts'
import { connect } from '../harness/network.ts'
import {
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
  testContext,
} from '../harness/people.ts'
import { confirm, daraja, PHONE, sent, useMpesa } from '../payments/mpesa-stage.ts'
import {
  as,
  at,
  HOUR,
  interrupted,
  KES,
  MINUTE,
  NOW,
  newKey,
  SECOND,
  type Staged,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'

const PRICE = 50_000

useClock()
useMpesa()

let raffle: Staged
let player: Person
beforeEach(async () => {
  raffle = await stagePriced({ ticketPrice: KES(PRICE), providers: ['mpesa'], totalTickets: 1_000 })
  player = await registerPlayer()
})

const all = async (sql: string, ...values: unknown[]) =>
  (
    await env.DB.prepare(sql)
      .bind(...values)
      // biome-ignore lint/suspicious/noExplicitAny: columns as the test names them
      .all<any>()
  ).results
const refundRow = async (id: string) => (await all('SELECT * FROM refunds WHERE id = ?', id))[0]
const keysSent = () => sent('b2c').map(({ OriginatorConversationID }) => OriginatorConversationID)
const transfer = (nth = 0): Transfer => daraja.transfers[nth]!

/** A paid order of this many tickets. */
async function paidOrder(quantity = 1) {
  const payment = { provider: 'mpesa', phone: PHONE }
  const body = { raffleId: raffle.id, quantity, payment }
  const bought = await as(player, 'POST', '/tickets/purchase', body, withKey(newKey()))
  expect(bought.status, JSON.stringify(bought.body)).toBe(201)
  const prompt = daraja.prompts.at(-1) as Prompt
  await confirm(prompt, `R${crypto.randomUUID().slice(0, 9).toUpperCase()}`)
  return { order: await orderOf(player, bought.body.order.id), prompt }
}

async function refundOf(orderId: string, what: object = {}) {
  const reason = 'The buyer cannot come.'
  const { body, status } = await as(
    raffle.operator,
    'POST',
    `/orders/${orderId}/refunds`,
    { reason, ...what },
    withKey(newKey()),
  )
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

async function reversed() {
  const { order, prompt } = await paidOrder()
  const refund = await refundOf(order.id)
  return { order, prompt, refund, id: refund.id as string }
}

/** One of two tickets is refunded, so that the money goes to the phone. */
async function sentToPhone() {
  const { order, prompt } = await paidOrder(2)
  const refund = await refundOf(order.id, { lines: [{ line: 0, numbers: [1] }] })
  return { order, prompt, refund, id: refund.id as string }
}

/** M-Pesa says by the status too that a transfer has failed. */
async function confirmFailure() {
  await sweep()
  await daraja.reportQueries()
  await sweep()
}

const books = async () => expect(await audit(env, { settled: false, raffles: [raffle.id] })).toEqual([])

describe('a full refund', () => {
  it('reverses the payment, and is paid when M-Pesa confirms it', async () => {
    const { prompt, refund, id, order } = await reversed()
    expect(sent('reversal')).toEqual([
      {
        Initiator: 'testapi',
        SecurityCredential: 'c2VjdXJpdHkgY3JlZGVudGlhbCBvZiB0aGUgZmFrZQ==',
        CommandID: 'TransactionReversal',
        TransactionID: prompt.receipt,
        Amount: '500',
        ReceiverParty: '174379',
        RecieverIdentifierType: '11',
        ResultURL: expect.stringContaining(`/payments/mpesa/result/${id}.`),
        QueueTimeOutURL: expect.stringContaining(`/payments/mpesa/timeout/${id}.`),
        Remarks: 'Tombola',
        Occasion: '',
      },
    ])
    expect(refund.status).toBe('sent')
    await daraja.complete(transfer())
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid', reference: transfer().transactionId })
    expect((await orderOf(player, order.id)).status).toBe('refunded')
    expect([daraja.transfers.length, daraja.till]).toEqual([1, 0])
    await books()
  })

  it('whose answer was lost is requested again, because a receipt is reversed only once', async () => {
    expectLogged('refund not sent yet')
    daraja.misbehave('reversal', 'lost')
    const { id } = await reversed()
    daraja.settle(transfer())
    at(NOW + 20 * SECOND)
    await sweep()
    expect(daraja.transfers).toHaveLength(2)
    await daraja.complete(transfer(1))
    expect(transfer(1).code).toBe('R000001')
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid' })
    await daraja.reportTransfer(transfer(0))
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid' })
    expect(daraja.till).toBe(0)
    await books()
  })

  it('whose answer was lost is requested once more by sweeps that overlap', async () => {
    expectLogged('refund not sent yet')
    daraja.misbehave('reversal', '500 after')
    const { id } = await reversed()
    at(NOW + 20 * SECOND)
    await Promise.all([sweep(), sweep(), sweep()])
    expect(sent('reversal')).toHaveLength(2)
    await daraja.complete(transfer(0))
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid', tries: 0 })
    await books()
  })

  it('has a minute for each call, however long its sweep has run before', async () => {
    expectLogged('refund not sent yet')
    daraja.misbehave('reversal', '500 after')
    const { id } = await reversed()
    const begun = testContext(NOW + 20 * SECOND)
    at(NOW + 5 * MINUTE)
    let leasedUntil = 0
    connect({
      hosts: daraja.hosts,
      async answer(request) {
        leasedUntil = (await refundRow(id)).due_at
        // Another sweep begins during the call.
        await sweep()
        return daraja.answer(request)
      },
    })
    await sweepRefunds(begun)
    expect(leasedUntil).toBe(NOW + 6 * MINUTE)
    expect(sent('reversal')).toHaveLength(2)
    connect(daraja)
    await daraja.complete(transfer(0))
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid', tries: 0 })
    await books()
  })

  it('whose result comes while M-Pesa is asked for it is looked at again at once', async () => {
    const { id } = await reversed()
    connect({
      hosts: daraja.hosts,
      async answer(request) {
        if (request.url.includes('/transactionstatus/')) await daraja.complete(transfer())
        return daraja.answer(request)
      },
    })
    at(NOW + 75 * SECOND)
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'sent', due_at: NOW + 75 * SECOND })
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid' })
    await books()
  })

  it('whose two requests are answered the wrong way round is paid once', async () => {
    expectLogged('refund not sent yet')
    daraja.misbehave('reversal', '500 after')
    const { id } = await reversed()
    at(NOW + 20 * SECOND)
    await sweep()
    await daraja.complete(transfer(1), 1)
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'sent', tries: 0 })
    await daraja.complete(transfer(0))
    at(NOW + 10 * MINUTE)
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid' })
    expect([daraja.till, sent('b2c').length]).toEqual([0, 0])
    await books()
  })

  it('that fails is reversed again, never sent to the phone, because the first may still go through', async () => {
    const { id } = await reversed()
    await daraja.complete(transfer(), 1)
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'failed', tries: 1 })
    at(NOW + 2 * MINUTE)
    await sweep()
    expect([sent('reversal').length, sent('b2c').length]).toEqual([2, 0])
    await daraja.complete(transfer(1))
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid', tries: 1 })
    await books()
  })

  it('that M-Pesa never reverses for us is sent to the phone', async () => {
    const { id } = await reversed()
    await daraja.complete(transfer(), 'R000002')
    // The result alone is unsigned, and the money would go another way.
    await sweep()
    at(NOW + 30 * SECOND)
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'sent', tries: 0 })
    await confirmFailure()
    expect(await refundRow(id)).toMatchObject({ status: 'failed', tries: 1 })
    at(NOW + 2 * MINUTE)
    await sweep()
    expect(sent('b2c')).toMatchObject([{ OriginatorConversationID: `${id}-1`, Amount: '500' }])
    await daraja.complete(transfer(1))
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid', tries: 1 })
    expect(daraja.till).toBe(0)
    await books()
  })

  it('that M-Pesa does not take at all is sent to the phone', async () => {
    daraja.misbehave('reversal', 'refuse')
    const { id } = await reversed()
    expect(await refundRow(id)).toMatchObject({ status: 'failed' })
    at(NOW + 2 * MINUTE)
    await sweep()
    expect(keysSent()).toEqual([`${id}-1`])
  })

  /** Paid, and credited by a poll: the callback with the receipt number is still to come. */
  async function creditedByPoll(ticketPrice = PRICE) {
    if (ticketPrice !== PRICE)
      raffle = await stagePriced({ ticketPrice: KES(ticketPrice), providers: ['mpesa'], totalTickets: 1_000 })
    const payment = { provider: 'mpesa', phone: PHONE }
    const body = { raffleId: raffle.id, quantity: 1, payment }
    const { order } = (await as(player, 'POST', '/tickets/purchase', body, withKey(newKey()))).body
    const prompt = daraja.prompts[0]!
    daraja.pay(prompt)
    at(NOW + 20 * SECOND)
    await sweep()
    const { id } = await refundOf(order.id)
    return { prompt, id: id as string }
  }

  it('waits two minutes for the receipt number, and then is sent to the phone', async () => {
    const { prompt, id } = await creditedByPoll()
    at(NOW + 100 * SECOND)
    await sweep()
    expect([sent('reversal'), keysSent()]).toEqual([[], []])
    at(NOW + 5 * MINUTE)
    await sweep()
    expect(keysSent()).toEqual([id])
    // The receipt number comes now. The refund stays what it was, because both could pay.
    await confirm(prompt, prompt.receipt!)
    at(NOW + 7 * MINUTE)
    await sweep()
    expect([sent('reversal'), keysSent()]).toEqual([[], [id]])
    await daraja.complete(transfer())
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid' })
    await books()
  })

  it('of less than KES 10 is reversed once the receipt number comes, and never sent to the phone', async () => {
    const { prompt, id } = await creditedByPoll(500)
    await confirm(prompt, prompt.receipt!)
    at(NOW + 5 * MINUTE)
    await sweep()
    expect([sent('reversal').length, keysSent()]).toEqual([1, []])
    await daraja.complete(transfer())
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid' })
    await books()
  })

  it('of less than KES 10 whose receipt number never comes is for a person', async () => {
    const { id } = await creditedByPoll(500)
    for (const minutes of [5, 10, 20, 60, 240]) {
      at(NOW + minutes * MINUTE)
      await sweep()
    }
    expect(await refundRow(id)).toMatchObject({
      status: 'failed',
      due_at: null,
      attention:
        'M-Pesa sends no less than KES 10.00 to a phone, and the payment cannot be reversed from here',
    })
    expect(daraja.transfers).toEqual([])
  })

  it('is sent to the phone if two receipts were reported, because one is somebody else’s', async () => {
    expectLogged('the reports of a provider do not match our request')
    const { order, prompt } = await paidOrder()
    await confirm(prompt, 'RFORGED123')
    const { id } = await refundOf(order.id)
    expect([sent('reversal'), keysSent()]).toEqual([[], [id]])
  })
})

describe('a refund to a phone', () => {
  it('is sent to the phone that paid, and is paid when M-Pesa confirms it', async () => {
    const { refund, id } = await sentToPhone()
    expect(sent('b2c')).toEqual([
      {
        OriginatorConversationID: id,
        InitiatorName: 'testapi',
        SecurityCredential: 'c2VjdXJpdHkgY3JlZGVudGlhbCBvZiB0aGUgZmFrZQ==',
        CommandID: 'PromotionPayment',
        Amount: '500',
        PartyA: '174379',
        PartyB: '254700000001',
        Remarks: 'Tombola',
        QueueTimeOutURL: expect.stringContaining(`/payments/mpesa/timeout/${id}.`),
        ResultURL: expect.stringContaining(`/payments/mpesa/result/${id}.`),
        Occasion: '',
      },
    ])
    expect(refund.status).toBe('sent')
    for (let times = 0; times < 2; times++) {
      await daraja.complete(transfer())
      await sweep()
    }
    expect(await refundRow(id)).toMatchObject({ status: 'paid', reference: transfer().transactionId })
    expect([daraja.transfers.length, daraja.till]).toEqual([1, PRICE / 100])
    await books()
  })

  it('whose answer was lost is repeated under its key, and M-Pesa’s “duplicate” is no failure', async () => {
    expectLogged('refund not sent yet')
    daraja.misbehave('b2c', 'lost')
    const { id } = await sentToPhone()
    at(NOW + 20 * SECOND)
    await sweep()
    expect(keysSent()).toEqual([id, id])
    expect(daraja.transfers).toHaveLength(1)
    expect(await refundRow(id)).toMatchObject({ status: 'sent' })
    await daraja.complete(transfer())
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid' })
  })

  it('is not failed by a queue time-out; the status of the same transfer decides', async () => {
    const { id } = await sentToPhone()
    await daraja.reportTimeOut(transfer())
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'sent' })
    daraja.settle(transfer())
    at(NOW + 75 * SECOND)
    await sweep()
    expect(sent('status')).toEqual([
      {
        Initiator: 'testapi',
        SecurityCredential: 'c2VjdXJpdHkgY3JlZGVudGlhbCBvZiB0aGUgZmFrZQ==',
        CommandID: 'TransactionStatusQuery',
        OriginatorConversationID: id,
        PartyA: '174379',
        IdentifierType: '4',
        ResultURL: expect.stringContaining(`/payments/mpesa/status/${id}.`),
        QueueTimeOutURL: expect.stringContaining(`/payments/mpesa/timeout/${id}.`),
        Remarks: 'Tombola',
        Occasion: '',
      },
    ])
    await daraja.reportQueries()
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid', reference: transfer().transactionId })
    expect(daraja.transfers).toHaveLength(1)
  })

  it('that arrives after it was reported as failed is not sent again', async () => {
    const { order, id } = await sentToPhone()
    await daraja.reportTransfer(transfer(), 2_001)
    await confirmFailure()
    expect(await refundRow(id)).toMatchObject({ status: 'sent', tries: 0 })
    at(NOW + SECOND)
    await daraja.complete(transfer())
    at(NOW + 2 * MINUTE)
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid' })
    await daraja.reportTransfer(transfer(), 2_001)
    await daraja.reportTimeOut(transfer())
    await sweep()
    expect(daraja.transfers).toHaveLength(1)
    expect(await refundRow(id)).toMatchObject({ status: 'paid' })
    expect(historyOf(await orderOf(player, order.id))).not.toMatch(/after all/)
  })

  it('that failed is retried as a new transfer', async () => {
    const { id } = await sentToPhone()
    await daraja.complete(transfer(), 2_001)
    await confirmFailure()
    expect(await refundRow(id)).toMatchObject({ status: 'failed', tries: 1 })
    at(NOW + 2 * MINUTE)
    await sweep()
    expect(keysSent()).toEqual([id, `${id}-1`])
    await daraja.complete(transfer(1))
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid' })
  })

  it('of which one of two requests failed is for a person, and a late success pays it', async () => {
    expectLogged('refund not sent yet')
    daraja.misbehave('b2c', 'lost')
    const { id } = await sentToPhone()
    at(NOW + 20 * SECOND)
    await sweep()
    expect(keysSent()).toEqual([id, id])
    await daraja.reportTransfer(transfer(), 2_001)
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'sent', tries: 0 })
    expect(sent('status')).toHaveLength(1)
    at(NOW + HOUR)
    await sweep()
    expect(await refundRow(id)).toMatchObject({
      status: 'sent',
      attention: expect.stringContaining('one of its 2 requests has failed'),
    })
    expect(keysSent()).toEqual([id, id])
    await daraja.complete(transfer())
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid', tries: 0 })
    await books()
  })

  it('that the sweep finds while it is requested is requested once', async () => {
    const { order } = await paidOrder(2)
    const answer = daraja.answer.bind(daraja)
    const asked = vi.spyOn(daraja, 'answer').mockImplementation(async (request) => {
      if (request.url.includes('/b2c/')) await sweep()
      return answer(request)
    })
    const { id } = await refundOf(order.id, { lines: [{ line: 0, numbers: [1] }] })
    asked.mockRestore()
    expect(keysSent()).toEqual([id])
    expect(await all('SELECT requests FROM mpesa_transfers WHERE id = ?', id)).toEqual([{ requests: 1 }])
    await daraja.complete(transfer())
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid' })
  })

  it('is not taken for a duplicate if M-Pesa was only down', async () => {
    expectLogged('refund not sent yet')
    daraja.misbehave('b2c', 'down')
    const { id } = await sentToPhone()
    expect(daraja.transfers).toEqual([])
    at(NOW + 20 * SECOND)
    await sweep()
    expect(daraja.transfers).toMatchObject([{ OriginatorConversationID: id }])
  })

  it('for which there was no token was never requested', async () => {
    expectLogged('refund not sent yet')
    const { order } = await paidOrder(2)
    at(NOW + HOUR)
    daraja.misbehave('token', 'unreachable')
    const { id } = await refundOf(order.id, { lines: [{ line: 0, numbers: [1] }] })
    const requests = () => all('SELECT requests FROM mpesa_transfers WHERE id = ?', id)
    expect(await requests()).toEqual([])
    at(NOW + HOUR + MINUTE)
    await sweep()
    expect(await requests()).toEqual([{ requests: 1 }])
  })

  it('that failed, and was sent by an earlier try after all, is paid by that one alone', async () => {
    const { id } = await sentToPhone()
    await daraja.reportTransfer(transfer(), 2_001)
    await sweep()
    // As if it was given up, and so was the try after it.
    await all("UPDATE refunds SET status = 'failed', tries = 2, due_at = ? WHERE id = ?", NOW + HOUR, id)
    daraja.settle(transfer())
    await daraja.reportTransfer(transfer())
    await sweep()
    expect(await refundRow(id)).toMatchObject({ status: 'paid' })
    at(NOW + 2 * HOUR)
    await sweep()
    expect(daraja.transfers).toHaveLength(1)
  })

  it('of which M-Pesa says that another sum was sent is for a person', async () => {
    const { id } = await sentToPhone()
    transfer().amount = 11
    await daraja.complete(transfer())
    at(NOW + HOUR)
    await sweep()
    expect(await refundRow(id)).toMatchObject({
      status: 'sent',
      attention: 'mpesa does not know what became of it: M-Pesa says that KES 11.00 was sent.',
    })
  })

  describe('that is not confirmed for an hour', () => {
    const mark = (person: Person, id: string, what: 'paid' | 'failed', more = {}) =>
      as(
        person,
        'POST',
        `/refunds/${id}/mark-${what}`,
        what === 'paid' ? { reference: 'RN3' } : { reason: 'The statement does not have it.' },
        more,
      )
    const paidBy = async (id: string) =>
      (
        await all(
          'SELECT credit, sum(amount) AS sum FROM transfers WHERE transaction_id = ? GROUP BY credit',
          `refund:${id}:paid`,
        )
      ).map(({ credit, sum }) => [credit, sum])

    async function unconfirmed() {
      const known = await sentToPhone()
      const admin = await signedInAdmin()
      for (const what of ['paid', 'failed'] as const) {
        expect((await mark(admin, known.refund.id, what)).body.code).toBe('invalid_state')
      }
      at(NOW + HOUR)
      await sweep()
      expect((await refundRow(known.refund.id)).attention).toBe('mpesa has not confirmed it yet.')
      const attentionList = async () =>
        (await as(raffle.operator, 'GET', '/payments?needs=attention')).body.data
      expect(await attentionList()).toHaveLength(1)
      return { ...known, id: known.refund.id as string, admin, attentionList }
    }

    it('and is marked as failed becomes paid if the network confirms it later', async () => {
      const { id, admin, attentionList } = await unconfirmed()
      expect((await mark(admin, id, 'failed')).status).toBe(200)
      await daraja.complete(transfer())
      expect(await refundRow(id)).toMatchObject({ status: 'paid', reference: transfer().transactionId })
      expect(await attentionList()).toEqual([])
      expect(await paidBy(id)).toEqual([['cash:mpesa', PRICE]])
    })

    it('and is marked as failed can be paid by nobody else once an event shows it under way', async () => {
      const { id, admin } = await unconfirmed()
      expect((await mark(admin, id, 'failed')).status).toBe(200)
      await daraja.reportTimeOut(transfer())
      expect(await refundRow(id)).toMatchObject({ status: 'sent', tries: 0, attention: null })
      expect((await mark(raffle.operator, id, 'paid')).body.code).toBe('invalid_state')
      await daraja.complete(transfer())
      await sweep()
      expect(await paidBy(id)).toEqual([['cash:mpesa', PRICE]])
      expect(daraja.transfers).toHaveLength(1)
    })

    it('and was paid by hand after it was marked as failed is not sent by a later event', async () => {
      const { id, admin } = await unconfirmed()
      expect((await mark(admin, id, 'failed')).status).toBe(200)
      expect((await mark(raffle.operator, id, 'paid')).body.status).toBe('paid')
      await daraja.complete(transfer(), 2_001)
      await sweep()
      expect(daraja.transfers).toHaveLength(1)
      expect(await paidBy(id)).toEqual([[expect.stringMatching(/^cash:manual:org_/), PRICE]])
    })

    it('can be marked as paid only by an administrator, and only once', async () => {
      const { id, admin, attentionList } = await unconfirmed()
      const stranger = (await organisationWithOperator()).operator
      for (const what of ['paid', 'failed'] as const) {
        expect((await mark(raffle.operator, id, what)).body.code).toBe('forbidden')
        for (const person of [player, stranger]) expect((await mark(person, id, what)).status).toBe(404)
      }
      const answers = await Promise.all([1, 2].map(() => mark(admin, id, 'paid')))
      for (const { status, body } of answers) {
        expect([status, body.status, body.reference]).toEqual([200, 'paid', 'RN3'])
      }
      expect((await mark(admin, id, 'failed')).body.code).toBe('invalid_state')
      expect(await attentionList()).toEqual([])
      await daraja.complete(transfer())
      await sweep()
      expect(await paidBy(id)).toEqual([['cash:mpesa', PRICE]])
      expect(await refundRow(id)).toMatchObject({ status: 'paid', reference: 'RN3', attention: null })
    })

    it('and is marked as paid is for a person if M-Pesa calls it failed, and is not owed again', async () => {
      const { id, admin, order, attentionList } = await unconfirmed()
      expect((await mark(admin, id, 'paid')).status).toBe(200)
      await daraja.complete(transfer(), 2_001)
      await sweep()
      expect(await all('SELECT status FROM refunds WHERE order_id = ?', order.id)).toEqual([
        { status: 'paid' },
      ])
      expect(await attentionList()).toMatchObject([
        { attention: expect.stringContaining('it reports as failed what is recorded as paid') },
      ])
      expect(daraja.transfers).toHaveLength(1)
    })

    it('and is marked as failed can be paid by hand or retried under a new key', async () => {
      const { id, admin, attentionList, order } = await unconfirmed()
      for (let times = 0; times < 2; times++) {
        expect((await mark(admin, id, 'failed')).body).toMatchObject({ id, status: 'failed' })
      }
      expect(await refundRow(id)).toMatchObject({ tries: 1, due_at: null })
      expect(await attentionList()).toMatchObject([
        { attention: 'A refund waits: The statement does not have it.' },
      ])
      await as(raffle.operator, 'POST', `/payments/${order.payment.id}/reconcile`)
      expect(keysSent()).toEqual([id, `${id}-1`])
      at(NOW + 2 * HOUR)
      await sweep()
      at(NOW + 3 * HOUR)
      await sweep()
      expect((await mark(admin, id, 'failed')).body).toMatchObject({ status: 'failed' })
      expect((await mark(raffle.operator, id, 'paid')).body).toMatchObject({ status: 'paid' })
      expect(await paidBy(id)).toEqual([[expect.stringMatching(/^cash:manual:org_/), PRICE]])
    })

    it('cannot be decided by people while a request to M-Pesa is under way', async () => {
      const { id, admin } = await unconfirmed()
      const statuses: number[] = []
      const answer = daraja.answer.bind(daraja)
      const asked = vi.spyOn(daraja, 'answer').mockImplementation(async (request) => {
        for (const what of ['paid', 'failed'] as const) {
          statuses.push((await mark(admin, id, what)).status)
        }
        return answer(request)
      })
      at(NOW + 2 * HOUR)
      await sweep()
      asked.mockRestore()
      expect(statuses.length).toBeGreaterThan(0)
      expect(new Set(statuses)).toEqual(new Set([409]))
      expect((await mark(admin, id, 'paid')).status).toBe(200)
    })

    it('and is marked as failed just before a request is not asked about under the old key', async () => {
      const { id, admin } = await unconfirmed()
      const before = daraja.requests.length
      at(NOW + 2 * HOUR)
      const { DB, done } = interrupted(/^update "refunds"/i, () => mark(admin, id, 'failed'))
      await sweep({ DB })
      expect([done(), daraja.requests.length]).toEqual([true, before])
      expect(await refundRow(id)).toMatchObject({ status: 'failed', tries: 1 })
    })
  })
})
