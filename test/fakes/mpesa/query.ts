/** `POST /mpesa/stkpushquery/v1/query`: what became of a prompt. */
import type { Books } from './books.ts'
import { type Body, textOf } from './forms.ts'
import { checkPassword } from './password.ts'
import { badRequest, json, Refusal } from './refusal.ts'

const PROCESSING = 4999

/** `fault`: by which of the two codes it says that the prompt is still processed, although it may have ended. */
export function query(books: Books, body: Body, fault: string | undefined): Response {
  checkPassword(books.settings, body)
  const prompt = books.prompts.find(({ CheckoutRequestID }) => CheckoutRequestID === body.CheckoutRequestID)
  if (prompt === undefined) throw badRequest('CheckoutRequestID')
  if (fault === 'processing') throw new Refusal(500, '500.001.1001', 'The transaction is being processed')
  const code = fault === '4999' ? PROCESSING : (prompt.code ?? PROCESSING)
  return json(200, {
    ResponseCode: '0',
    ResponseDescription: 'The service request has been accepted successsfully',
    MerchantRequestID: prompt.MerchantRequestID,
    CheckoutRequestID: prompt.CheckoutRequestID,
    ResultCode: String(code),
    ResultDesc: textOf(code),
  })
}
