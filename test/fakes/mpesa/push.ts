/** `POST /mpesa/stkpush/v1/processrequest`: a prompt on a phone, and the callback about it. */
import type { Books, Prompt } from './books.ts'
import {
  type Body,
  isAddress,
  isPhone,
  isText,
  newMerchantId,
  newReceipt,
  textOf,
  timestamp,
  wholeAmount,
} from './forms.ts'
import { checkPassword } from './password.ts'
import { badRequest, json } from './refusal.ts'

export function push(books: Books, body: Body): Response {
  checkPassword(books.settings, body)
  const { Amount, PartyA, PartyB, PhoneNumber, CallBackURL, AccountReference, TransactionDesc } = body
  if (body.TransactionType !== 'CustomerPayBillOnline') throw badRequest('TransactionType')
  const amount = wholeAmount(Amount)
  if (!isPhone(PhoneNumber) || PartyA !== PhoneNumber) throw badRequest('PhoneNumber')
  if (String(PartyB) !== books.settings.MPESA_SHORT_CODE) throw badRequest('PartyB')
  if (!isAddress(CallBackURL)) throw badRequest('CallBackURL')
  if (!isText(AccountReference, 12)) throw badRequest('AccountReference')
  if (!isText(TransactionDesc, 13)) throw badRequest('TransactionDesc')
  const prompt: Prompt = {
    MerchantRequestID: newMerchantId(),
    CheckoutRequestID: `ws_CO_${timestamp(Date.now())}${crypto.randomUUID().slice(0, 12)}`,
    amount,
    phone: String(PhoneNumber),
    callBackUrl: String(CallBackURL),
    accountReference: String(AccountReference),
    description: String(TransactionDesc),
    promptedAt: Date.now(),
    code: null,
    receipt: null,
    reversed: false,
  }
  books.prompts.push(prompt)
  return json(200, {
    MerchantRequestID: prompt.MerchantRequestID,
    CheckoutRequestID: prompt.CheckoutRequestID,
    ResponseCode: '0',
    ResponseDescription: 'Success. Request accepted for processing',
    CustomerMessage: 'Success. Request accepted for processing',
  })
}

/** What a callback says differently from what happened. */
export interface CallbackChanges {
  code?: number
  amount?: number
  phone?: string
  receipt?: string
  checkoutRequestId?: string
  /** Items without a value, by their names. */
  without?: readonly string[]
}

/** The callback of a prompt, as Daraja writes it. */
export function callbackOf(prompt: Prompt, changes: CallbackChanges = {}) {
  const { MerchantRequestID, CheckoutRequestID, receipt } = prompt
  const code = changes.code ?? prompt.code ?? 4999
  const item = (Name: string, Value?: unknown) =>
    Value === undefined || changes.without?.includes(Name) ? { Name } : { Name, Value }
  return {
    Body: {
      stkCallback: {
        MerchantRequestID,
        CheckoutRequestID: changes.checkoutRequestId ?? CheckoutRequestID,
        ResultCode: code,
        ResultDesc: textOf(code),
        ...(code === 0
          ? {
              CallbackMetadata: {
                Item: [
                  item('Amount', changes.amount ?? prompt.amount),
                  item('MpesaReceiptNumber', changes.receipt ?? receipt ?? newReceipt()),
                  item('Balance'),
                  item('TransactionDate', Number(timestamp(Date.now()))),
                  item('PhoneNumber', Number(changes.phone ?? prompt.phone)),
                ],
              },
            }
          : {}),
      },
    },
  }
}
