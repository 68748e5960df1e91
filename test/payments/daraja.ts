// A fake of Safaricom's Daraja and a provider that calls it, to test that the port fits mobile money. Prompts cannot be
// withdrawn. Callbacks come once, unsigned, to a secret address. A query returns no receipt number. Answers may be lost.
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
  /** The code that a query returns. 4999: still processing. */
  ResultCode: string
}

export interface Transfer {
  OriginatorConversationID: string
  Amount: number
  PartyB: string
  ResultURL: string
  QueueTimeOutURL: string
}

/** The network: it records requests and answers them. */
export class Daraja {
  pushes: Push[] = []
  transfers: Transfer[] = []
  /** Whether it handles the next request but its answer is lost. */
  losesAnswer = false
  /** The reason why it refuses pushes; null if it does not. */
  refuses: string | null = null
  /** Whether a prompted payer pays at once. */
  paysAtOnce = false
  /** Wraps every call, so that a test can run it in another process. */
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

  /** A repeat with the same id is the same transfer. */
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

/** The secret part of a callback address: our own id and its signature. */
function tokenOf({ JWT_SECRET }: Pick<Settings, 'JWT_SECRET'>, id: string): string {
  return `${id}.${createHmac('sha256', JWT_SECRET).update(`daraja ${id}`).digest('base64url')}`
}

function idOf(ctx: Ctx, token: string | null): string {
  const given = Buffer.from(token ?? '')
  const id = (token ?? '').slice(0, token?.lastIndexOf('.'))
  const right = Buffer.from(tokenOf(ctx.settings, id))
  if (given.length !== right.length || !timingSafeEqual(given, right)) {
    throw new Problem('forbidden', 'This callback address was never issued.')
  }
  return id
}

const ANSWER = { ResultCode: 0, ResultDesc: 'Accepted' }

/** A webhook route whose body must match `schema`. */
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

/** The key of a transfer is the id, followed by the try. */
const subjectOf = (key: string): string => /^[a-z]+_[0-9a-z]+/.exec(key)![0]
const kindOf = (id: string) => (id.startsWith('refund_') ? 'refund' : 'payout')

export function mpesaOver(daraja: Daraja): PaymentProvider {
  const addressOf = ({ settings }: Ctx, door: string, id: string): string =>
    `${settings.PUBLIC_ORIGIN}/api/v1/payments/mpesa/${door}/${tokenOf(settings, id)}`

  async function send(ctx: Ctx, key: string, amount: number, phone: string): Promise<Sent> {
    const results = (await storedEventsAbout(ctx, 'mpesa', subjectOf(key))).filter(({ eventId }) =>
      eventId.startsWith(`result:${key}:`),
    )
    if (results.length > 0) {
      const { Result: result } = Result.parse(JSON.parse(results.at(-1)!.body))
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
    isSetUp: () => true,
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
    startLocally: null,

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
      const callbacks = (await storedEventsAbout(ctx, 'mpesa', payment.id)).map(({ body }) =>
        readCallback(body),
      )
      const paid = callbacks.find(({ receiptNumber }) => receiptNumber !== undefined)
      const reference = payment.reference ?? callbacks[0]?.reference
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

    stop: async () => 'stopped',
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

/** The callback that the network posts after the payer answered a prompt. */
export const callbackBody = (push: Push, receipt: string | null, amount = push.Amount): string =>
  JSON.stringify({
    Body: {
      stkCallback: {
        MerchantRequestID: '29115-34620561-1',
        CheckoutRequestID: push.CheckoutRequestID,
        ResultCode: Number(push.ResultCode),
        ResultDesc: 'a result',
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
    Result: { ResultType: 0, ResultCode, ResultDesc: 'a result', OriginatorConversationID, TransactionID },
  })
