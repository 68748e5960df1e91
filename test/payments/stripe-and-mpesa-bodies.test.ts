// The bodies as the providers document them, against what our fakes post and what we send. Where a document leaves a value
// open, only its type is compared. The tests of M-Pesa compare our requests to it.
import { beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { sendPayout, sendRefund } from '../../src/money/providers/stripe/outgoing.ts'
import { FakeMpesa, MPESA_SETTINGS } from '../fakes/mpesa/mpesa.ts'
import { registerPlayer, testContext } from '../harness/people.ts'
import { as, at, SECOND, useClock } from '../raffles/scenario.ts'
import { boughtBy, sentToPay, stageSale, useStripe } from './stripe-stage.ts'

useClock()

// biome-ignore lint/suspicious/noExplicitAny: any JSON
type Json = any

/** Daraja's documents, at the time of their example. */
const DOCUMENTED_AT = Date.parse('2026-09-18T12:30:00Z')
const PUSH = `{"BusinessShortCode":174379,"Password":"…","Timestamp":"20260918153000",
  "TransactionType":"CustomerPayBillOnline","Amount":"1","PartyA":"2547XXXXXXXX","PartyB":"174379",
  "PhoneNumber":"2547XXXXXXXX","CallBackURL":"https://…/<unguessable>","AccountReference":"≤12 chars",
  "TransactionDesc":"≤13 chars"}`
const PUSH_KEYS = [
  'MerchantRequestID',
  'CheckoutRequestID',
  'ResponseCode',
  'ResponseDescription',
  'CustomerMessage',
]
const CALLBACK = `{"Body":{"stkCallback":{"MerchantRequestID":"…","CheckoutRequestID":"ws_CO_…","ResultCode":0,
  "ResultDesc":"…","CallbackMetadata":{"Item":[{"Name":"Amount","Value":1.0},
  {"Name":"MpesaReceiptNumber","Value":"RLA0R69NXM"},{"Name":"Balance"},
  {"Name":"TransactionDate","Value":20231210133416},{"Name":"PhoneNumber","Value":254700000000}]}}}}`
const ACCEPTED_KEYS = ['ConversationID', 'OriginatorConversationID', 'ResponseCode', 'ResponseDescription']
const RESULT = `{"Result":{"ResultType":0,"ResultCode":0,"ResultDesc":"…","OriginatorConversationID":"…",
  "ConversationID":"AG_…","TransactionID":"…",
  "ResultParameters":{"ResultParameter":[{"Key":"TransactionAmount","Value":10}]}}}`

/** The types of the values; what an item is called stays. */
const shapeOf = (value: Json, name = ''): Json => {
  if (Array.isArray(value)) return value.map((each) => shapeOf(each))
  if (typeof value !== 'object' || value === null)
    return ['Name', 'Key', 'ResultType', 'ResultCode'].includes(name) ? value : typeof value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shapeOf(each, key)]))
}

describe('the fake of M-Pesa', () => {
  const PHONE = '254700000001'
  const posted: { url: string; body: Json }[] = []
  let daraja: FakeMpesa
  let token: string

  const ask = async (path: string, body?: object): Promise<Json> => {
    const { MPESA_CONSUMER_KEY: key, MPESA_CONSUMER_SECRET: secret, MPESA_URL: host } = MPESA_SETTINGS
    const authorization = body === undefined ? `Basic ${btoa(`${key}:${secret}`)}` : `Bearer ${token}`
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const answer = await daraja.answer(new Request(`${host}${path}`, { headers: { authorization }, ...sent }))
    expect(answer.status, path).toBe(200)
    return answer.json()
  }

  const pushed = async () => {
    const password = btoa(`174379${MPESA_SETTINGS.MPESA_PASSKEY}20260918153000`)
    const body = JSON.parse(PUSH.replaceAll('2547XXXXXXXX', PHONE))
    return ask('/mpesa/stkpush/v1/processrequest', { ...body, Password: password })
  }

  const OUTGOING = {
    SecurityCredential: MPESA_SETTINGS.MPESA_SECURITY_CREDENTIAL,
    ResultURL: 'https://example.com/result',
    QueueTimeOutURL: 'https://example.com/timeout',
    Remarks: 'Tombola',
    Occasion: '',
  }
  const Initiator = MPESA_SETTINGS.MPESA_INITIATOR

  beforeEach(async () => {
    at(DOCUMENTED_AT)
    posted.length = 0
    daraja = new FakeMpesa({ post: async (url, body) => void posted.push({ url, body }) })
    token = (await ask('/oauth/v1/generate?grant_type=client_credentials')).access_token
  })

  it('takes the documented prompt, and posts the documented callback', async () => {
    expect(Object.keys(await pushed()).sort()).toEqual([...PUSH_KEYS].sort())
    const [prompt] = daraja.prompts
    await daraja.confirm(prompt!, { receipt: 'RLA0R69NXM' })
    expect(posted[0]!.url).toBe('https://…/<unguessable>')
    expect(shapeOf(posted[0]!.body)).toEqual(shapeOf(JSON.parse(CALLBACK)))
    expect(posted[0]!.body.Body.stkCallback.CheckoutRequestID).toMatch(/^ws_CO_/)
    await pushed()
    await daraja.cancel(daraja.prompts[1]!)
    const { CallbackMetadata: _, ...failed } = JSON.parse(CALLBACK).Body.stkCallback
    expect(shapeOf(posted[1]!.body)).toEqual(
      shapeOf({ Body: { stkCallback: { ...failed, ResultCode: 1032 } } }),
    )
  })

  it('takes the documented payout, reversal and status query, and posts the documented results', async () => {
    await pushed()
    await daraja.confirm(daraja.prompts[0]!)
    const payout = {
      ...OUTGOING,
      OriginatorConversationID: 'payout-1',
      InitiatorName: Initiator,
      CommandID: 'PromotionPayment',
      Amount: 10,
      PartyA: '174379',
      PartyB: PHONE,
    }
    const reversal = {
      ...OUTGOING,
      Initiator,
      CommandID: 'TransactionReversal',
      TransactionID: daraja.prompts[0]!.receipt,
      Amount: 1,
      ReceiverParty: '174379',
      RecieverIdentifierType: '11',
    }
    const query = {
      ...OUTGOING,
      Initiator,
      CommandID: 'TransactionStatusQuery',
      OriginatorConversationID: 'payout-1',
      PartyA: '174379',
      IdentifierType: '4',
    }
    daraja.till += 100
    for (const [path, body] of [
      ['/mpesa/b2c/v3/paymentrequest', payout],
      ['/mpesa/reversal/v1/request', reversal],
      ['/mpesa/transactionstatus/v1/query', query],
    ] as const) {
      expect(Object.keys(await ask(path, body)).sort(), path).toEqual([...ACCEPTED_KEYS].sort())
    }
    posted.length = 0
    for (const transfer of daraja.transfers) await daraja.complete(transfer)
    await daraja.reportQueries()
    expect(posted).toHaveLength(3)
    const { ResultParameters: documented, ...facts } = JSON.parse(RESULT).Result
    for (const { url, body } of posted) {
      const { ResultParameters: parameters, ReferenceData: _, ...rest } = body.Result
      expect(url).toBe(OUTGOING.ResultURL)
      expect(shapeOf(rest)).toEqual(shapeOf(facts))
      expect(rest.ConversationID).toMatch(/^AG_/)
      for (const each of parameters.ResultParameter) expect(Object.keys(each)).toEqual(['Key', 'Value'])
    }
    const [first] = posted[0]!.body.Result.ResultParameters.ResultParameter
    expect([first]).toEqual(documented.ResultParameter)
  })
})

describe('our requests to Stripe', () => {
  const network = useStripe()
  const only = (request: string) => {
    const sent = network.stripe.requests.filter((each) => each.request === request)
    expect(sent, request).toHaveLength(1)
    return sent[0]!
  }

  it('open a session as documented: our reference, its end 30 minutes to 24 hours ahead, metadata, our key', async () => {
    const { order } = await sentToPay(await stageSale())
    const { fields, key } = only('POST /v1/checkout/sessions')
    expect(key).toBe(order.payment.id)
    expect(fields).toMatchObject({
      client_reference_id: order.payment.id,
      expires_at: expect.stringMatching(/^\d{10}$/),
      metadata: { paymentId: order.payment.id },
    })
    const aheadSeconds = Number(fields.expires_at) - Date.now() / SECOND
    expect(aheadSeconds).toBeGreaterThanOrEqual(30 * 60)
    expect(aheadSeconds).toBeLessThanOrEqual(24 * 60 * 60)
  })

  it('open an account and its set-up as documented', async () => {
    expect(
      (await as(await registerPlayer(), 'POST', '/users/me/stripe-account', { country: 'KE' })).status,
    ).toBe(200)
    const { fields, key } = only('POST /v1/accounts')
    expect(key).toMatch(/./)
    expect(fields).toMatchObject({
      controller: {
        stripe_dashboard: { type: 'express' },
        fees: { payer: 'application' },
        losses: { payments: 'application' },
      },
      capabilities: { transfers: { requested: 'true' } },
    })
    expect(only('POST /v1/account_links').fields).toMatchObject({
      account: expect.stringMatching(/^acct_/),
      type: 'account_onboarding',
    })
  })

  it('transfer and refund as documented, each under the key of its row', async () => {
    const { charge } = await boughtBy(network.stripe, await stageSale())
    const capture = { reference: charge, receiptNumber: null }
    const sum = { amount: 1_500, currency: 'USD' }
    const refundId = newId('refund')
    const refund = { ...sum, id: refundId, capture, pollOnly: false }
    expect(await sendRefund(testContext(), refund as Parameters<typeof sendRefund>[1])).toMatchObject({
      status: 'succeeded',
    })
    expect(only('POST /v1/refunds')).toEqual({
      request: 'POST /v1/refunds',
      fields: { charge, amount: '1500', metadata: { refundId } },
      key: refundId,
    })

    await as(await registerPlayer(), 'POST', '/users/me/stripe-account', { country: 'KE' })
    const [account] = network.stripe.books.all('account')
    network.stripe.outside.finishSetUp(account!.id)
    network.stripe.outside.topUp(5_000, 'usd')
    const payoutId = newId('payout')
    const payout = { ...sum, id: payoutId, destination: account!.id, pollOnly: false }
    expect(await sendPayout(testContext(), payout as Parameters<typeof sendPayout>[1])).toMatchObject({
      status: 'succeeded',
    })
    expect(only('POST /v1/transfers')).toEqual({
      request: 'POST /v1/transfers',
      fields: {
        amount: '1500',
        currency: 'usd',
        destination: account!.id,
        transfer_group: payoutId,
        metadata: { payoutId },
      },
      key: payoutId,
    })
  })
})
