// A mobile-money network as Safaricom's Daraja is, at the edge where it would be called, and a provider that speaks to it:
// what the port must fit. Prompts cannot be taken back, callbacks come once, unsigned, to an address that is a secret,
// what they say is told nowhere else, and an answer may be lost.
import { createHmac, timingSafeEqual } from 'node:crypto'
import * as z from 'zod'
import type { Ctx } from '../../src/core/context.ts'
import { Problem } from '../../src/core/errors.ts'
import type { Settings } from '../../src/core/settings.ts'
import type {
  Observed,
  PaymentProvider,
  Sent,
  WebhookDoor,
  WebhookEvent,
} from '../../src/money/providers/port.ts'
import { readBody } from '../../src/money/providers/read-body.ts'
import { storedEventsAbout } from '../../src/money/providers/stored-events.ts'
import type { PaymentRow } from '../../src/money/schema.ts'

export interface Push {
  CheckoutRequestID: string
  /** In whole shillings. */
  Amount: number
  PhoneNumber: string
  CallBackURL: string
  /** Of the query: 4999 is still processing. */
  ResultCode: string
}

export interface Transfer {
  OriginatorConversationID: string
  Amount: number
  PartyB: string
  ResultURL: string
  QueueTimeOutURL: string
}

/** The network: what it was asked, and what it answers. */
export class Daraja {
  pushes: Push[] = []
  transfers: Transfer[] = []
  /** The next answer is lost on its way, after what was asked is done. */
  losesAnswer = false
  /** It refuses the next push, for this reason. */
  refuses: string | null = null
  /** Whether whoever is prompted pays at once. */
  paysAtOnce = false
  /** By which process it is called. */
  through: <Result>(call: () => Promise<Result>) => Promise<Result> = (call) => call()

  reset(): void {
    this.pushes = []
    this.transfers = []
    this.losesAnswer = false
    this.refuses = null
  }

  async push(request: Omit<Push, 'CheckoutRequestID' | 'ResultCode'>) {
    if (this.refuses !== null) return { ResponseCode: '1', ResponseDescription: this.refuses }
    const CheckoutRequestID = `ws_CO_${crypto.randomUUID()}`
    this.pushes.push({ ...request, CheckoutRequestID, ResultCode: this.paysAtOnce ? '0' : '4999' })
    this.#mayLose()
    return { ResponseCode: '0', ResponseDescription: 'Accepted', CheckoutRequestID }
  }

  async query(id: string): Promise<{ ResultCode: string }> {
    const { ResultCode } = this.pushes.find(({ CheckoutRequestID }) => CheckoutRequestID === id)!
    return { ResultCode }
  }

  /** Asked again with the same id, it is one transfer. */
  async b2c(transfer: Transfer): Promise<void> {
    const { OriginatorConversationID: id } = transfer
    if (!this.transfers.some((each) => each.OriginatorConversationID === id)) this.transfers.push(transfer)
    this.#mayLose()
  }

  #mayLose(): void {
    if (!this.losesAnswer) return
    this.losesAnswer = false
    throw new Error('the answer was lost')
  }
}

const SHILLING = 100
const PHONE = /^\+[1-9]\d{7,14}$/
const FAILURES: Record<string, string> = {
  1: 'no funds',
  1032: 'it was cancelled',
  1037: 'the phone did not answer',
}

const Callback = z.object({
  Body: z.object({
    stkCallback: z.object({
      CheckoutRequestID: z.string(),
      ResultCode: z.number(),
      CallbackMetadata: z
        .object({ Item: z.array(z.object({ Name: z.string(), Value: z.unknown().optional() })) })
        .optional(),
    }),
  }),
})
const Result = z.object({
  Result: z.object({
    ResultCode: z.number(),
    OriginatorConversationID: z.string(),
    TransactionID: z.string(),
  }),
})

/** The secret part of an address that is told to the network: our own id, and what only we can have put to it. */
function tokenOf({ JWT_SECRET }: Pick<Settings, 'JWT_SECRET'>, id: string): string {
  return `${id}.${createHmac('sha256', JWT_SECRET).update(`daraja ${id}`).digest('base64url')}`
}

function idOf(ctx: Ctx, token: string | null): string {
  const given = Buffer.from(token ?? '')
  const id = (token ?? '').slice(0, token?.lastIndexOf('.'))
  const right = Buffer.from(tokenOf(ctx.settings, id))
  if (given.length !== right.length || !timingSafeEqual(given, right)) {
    throw new Problem('forbidden', 'This address is not one that was given out.')
  }
  return id
}

const ANSWER = { ResultCode: 0, ResultDesc: 'Accepted' }

/** A door that takes what `schema` describes. */
const doorFor = <Body>(
  schema: z.ZodType<Body>,
  eventOf: (id: string, body: Body) => WebhookEvent,
): WebhookDoor => ({
  answer: ANSWER,
  async read(ctx, { token, body }) {
    const id = idOf(ctx, token)
    return eventOf(id, readBody('mpesa', schema, body))
  },
})

/** Of a transfer the key has the try after the id. */
const subjectOf = (key: string): string => /^[a-z]+_[0-9a-z]+/.exec(key)![0]
const kindOf = (id: string) => (id.startsWith('refund_') ? 'refund' : 'payout')

export function mpesaOver(daraja: Daraja): PaymentProvider {
  const addressOf = ({ settings }: Ctx, door: string, id: string): string =>
    `${settings.PUBLIC_ORIGIN}/api/v1/payments/mpesa/${door}/${tokenOf(settings, id)}`

  async function send(ctx: Ctx, key: string, amount: number, phone: string): Promise<Sent> {
    const told = (await storedEventsAbout(ctx, 'mpesa', subjectOf(key))).filter(({ eventId }) =>
      eventId.startsWith(`result:${key}:`),
    )
    if (told.length > 0) {
      const { Result: result } = Result.parse(JSON.parse(told.at(-1)!.body))
      return result.ResultCode === 0
        ? { status: 'succeeded', reference: result.TransactionID, reason: null }
        : { status: 'failed', reference: null, reason: 'mpesa declined it' }
    }
    await daraja.through(() =>
      daraja.b2c({
        OriginatorConversationID: key,
        Amount: amount / SHILLING,
        PartyB: phone,
        ResultURL: addressOf(ctx, 'result', key),
        QueueTimeOutURL: addressOf(ctx, 'timeout', key),
      }),
    )
    return { status: 'pending', reference: null, reason: null }
  }

  return {
    name: 'mpesa',
    spanSeconds: () => 180,
    whyNotSum: ({ amount, currency }) =>
      currency === 'KES' && amount % SHILLING === 0 ? null : 'mpesa takes whole KES only',
    whyNotPayout: (sum, destination) => {
      if (!PHONE.test(destination)) return 'must be a phone number with its country, such as +254700000001'
      const isPayable = sum === null || (sum.currency === 'KES' && sum.amount % SHILLING === 0)
      return isPayable ? null : 'mpesa pays whole KES only'
    },
    needsPhone: true,
    startsOnce: true,

    async start(ctx, { id, amount, phone }) {
      const { ResponseCode, ResponseDescription, CheckoutRequestID } = await daraja.through(() =>
        daraja.push({
          Amount: amount / SHILLING,
          PhoneNumber: phone!,
          CallBackURL: addressOf(ctx, 'callback', id),
        }),
      )
      if (ResponseCode !== '0') return { status: 'refused', reason: ResponseDescription }
      const action = { kind: 'prompt', checkoutUrl: null, message: 'Confirm on your phone.' } as const
      return { status: 'started', reference: CheckoutRequestID!, action }
    },

    async fetch(ctx, payment): Promise<Observed> {
      const told = (await storedEventsAbout(ctx, 'mpesa', payment.id)).map(({ body }) => readCallback(body))
      const paid = told.find(({ receiptNumber }) => receiptNumber !== undefined)
      const reference = payment.reference ?? told[0]?.reference
      if (reference === undefined) return notPushed(payment)
      const { ResultCode } = await daraja.query(reference)
      if (ResultCode === '4999') return { status: 'pending', captures: [], reason: null }
      const why = FAILURES[ResultCode]
      if (ResultCode !== '0') {
        return {
          status: why === undefined ? 'unknown' : 'failed',
          captures: [],
          reason: why ?? `code ${ResultCode}`,
        }
      }
      if (paid !== undefined && paid.phone !== payment.phone) {
        return { status: 'unknown', captures: [], reason: 'another phone has paid' }
      }
      const { amount = payment.amount, receiptNumber } = paid ?? {}
      const capture = {
        reference,
        amount,
        currency: 'KES',
        ...(receiptNumber === undefined ? {} : { receiptNumber }),
      }
      return { status: 'succeeded', captures: [capture], reason: null }
    },

    stop: async () => {},
    refund: (ctx, { id, amount, payment }) => send(ctx, id, amount, payment.phone!),
    payout: (ctx, { id, amount, destination }) => send(ctx, id, amount, destination),

    webhooks: {
      callback: doorFor(Callback, (id, { Body: { stkCallback } }) => ({
        eventId: `${stkCallback.CheckoutRequestID}:${stkCallback.ResultCode}`,
        subject: 'payment',
        subjectId: id,
      })),
      result: doorFor(Result, (key, { Result: { ResultCode } }) => ({
        eventId: `result:${key}:${ResultCode}`,
        subject: kindOf(key),
        subjectId: subjectOf(key),
      })),
      timeout: doorFor(z.unknown(), (key) => ({
        eventId: `timeout:${key}`,
        subject: kindOf(key),
        subjectId: subjectOf(key),
      })),
    },
  }
}

function notPushed({ askedAt }: PaymentRow): Observed {
  return askedAt === null
    ? { status: 'failed', captures: [], reason: 'it never reached mpesa' }
    : { status: 'unknown', captures: [], reason: 'its answer was lost' }
}

function readCallback(body: string) {
  const { CheckoutRequestID, CallbackMetadata } = Callback.parse(JSON.parse(body)).Body.stkCallback
  const item = (name: string) => CallbackMetadata?.Item.find(({ Name }) => Name === name)?.Value
  const receiptNumber = item('MpesaReceiptNumber')
  return {
    reference: CheckoutRequestID,
    ...(receiptNumber === undefined
      ? {}
      : {
          receiptNumber: String(receiptNumber),
          amount: Math.round(Number(item('Amount')) * SHILLING),
          phone: `+${item('PhoneNumber')}`,
        }),
  }
}

/** What the network posts once a prompt was answered. */
export const callbackBody = (push: Push, receipt: string | null, amount = push.Amount): string =>
  JSON.stringify({
    Body: {
      stkCallback: {
        MerchantRequestID: '29115-34620561-1',
        CheckoutRequestID: push.CheckoutRequestID,
        ResultCode: Number(push.ResultCode),
        ResultDesc: 'told',
        ...(receipt === null
          ? {}
          : {
              CallbackMetadata: {
                Item: [
                  { Name: 'Amount', Value: amount },
                  { Name: 'MpesaReceiptNumber', Value: receipt },
                  { Name: 'Balance' },
                  { Name: 'PhoneNumber', Value: Number(push.PhoneNumber.slice(1)) },
                ],
              },
            }),
      },
    },
  })

export const resultBody = (
  { OriginatorConversationID }: Transfer,
  ResultCode: number,
  TransactionID: string,
) =>
  JSON.stringify({
    Result: { ResultType: 0, ResultCode, ResultDesc: 'told', OriginatorConversationID, TransactionID },
  })
