/** The bodies of Daraja, as far as they are read. What is not needed is not checked: M-Pesa adds fields and leaves out values. */
import * as z from 'zod'
import { SHILLING } from './limits.ts'

const MAX_ID = 100
const Name = z.string().min(1).max(MAX_ID)
/** A number in one answer is a text in another. */
const Code = z.union([z.string().max(MAX_ID), z.number()]).transform(String)
/** Anything but a text or a number counts as left out: a report comes once, and must not be refused for one odd value. */
const Value = z
  .unknown()
  .transform((value) => (typeof value === 'string' || typeof value === 'number' ? value : undefined))
  .optional()

export const PushAnswer = z.object({
  ResponseCode: Code,
  CheckoutRequestID: Name.optional(),
})

export const QueryAnswer = z.object({ ResultCode: Code })

/** The answer to a payout, reversal or status query. */
export const Acceptance = z.object({
  ResponseCode: Code,
  ResponseDescription: z.string().optional(),
  OriginatorConversationID: Name.optional(),
})

export const Callback = z.object({
  Body: z.object({
    stkCallback: z.object({
      CheckoutRequestID: Name,
      ResultCode: Code,
      CallbackMetadata: z
        .object({ Item: z.array(z.object({ Name: z.string(), Value })).max(MAX_ID) })
        .nullish(),
    }),
  }),
})

const Parameter = z.object({ Key: z.string(), Value })
/** A list of one is not always a list. */
const Parameters = z.union([z.array(Parameter).max(MAX_ID), Parameter.transform((one) => [one])])

export const Result = z.object({
  Result: z.object({
    ResultCode: Code,
    OriginatorConversationID: z.string().max(MAX_ID).optional(),
    TransactionID: z.string().max(MAX_ID).nullish(),
    ResultParameters: z.object({ ResultParameter: Parameters }).nullish(),
  }),
})

export interface ReadCallback {
  /** The CheckoutRequestID. */
  reference: string
  code: string
  /** In minor units; undefined: it was not said. */
  amount: number | undefined
  /** As E.164. */
  phone: string | undefined
  receiptNumber: string | undefined
}

export function readCallback(body: unknown): ReadCallback {
  const { CheckoutRequestID, ResultCode, CallbackMetadata } = Callback.parse(body).Body.stkCallback
  const item = (name: string) => CallbackMetadata?.Item.find((each) => each.Name === name)?.Value ?? undefined
  const phone = item('PhoneNumber')
  const receipt = item('MpesaReceiptNumber')
  return {
    reference: CheckoutRequestID,
    code: ResultCode,
    amount: toMinor(item('Amount')),
    // M-Pesa may mask digits. What it does not say cannot be compared.
    phone: /^\d+$/.test(String(phone)) ? `+${phone}` : undefined,
    receiptNumber: receipt === undefined ? undefined : String(receipt),
  }
}

export interface ReadResult {
  code: string
  /** Ours for a payout, M-Pesa's own for a reversal. */
  conversation: string | undefined
  transactionId: string | null
  /** In minor units. */
  amount: number | undefined
  /** What a status query says of the transaction. */
  status: string | undefined
  receipt: string | undefined
}

export function readResult(body: unknown): ReadResult {
  const { ResultCode, OriginatorConversationID, TransactionID, ResultParameters } = Result.parse(body).Result
  const parameter = (...keys: string[]) =>
    ResultParameters?.ResultParameter.find(({ Key }) => keys.includes(Key))?.Value ?? undefined
  const [status, receipt] = [parameter('TransactionStatus'), parameter('ReceiptNo')]
  return {
    code: ResultCode,
    conversation: OriginatorConversationID,
    transactionId: TransactionID || null,
    amount: toMinor(parameter('TransactionAmount', 'Amount')),
    status: status === undefined ? undefined : String(status),
    receipt: receipt === undefined ? undefined : String(receipt),
  }
}

function toMinor(shillings: string | number | undefined): number | undefined {
  const amount = Math.round(Number(shillings) * SHILLING)
  return shillings === undefined || shillings === '' || !Number.isSafeInteger(amount) ? undefined : amount
}
