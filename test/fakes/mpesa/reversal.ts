/** `POST /mpesa/reversal/v1/request`: the whole sum of one receipt goes back to its payer. */
import type { Books } from './books.ts'
import { addressesOf, type Body, newMerchantId, wholeAmount } from './forms.ts'
import { checkInitiator } from './password.ts'
import { badRequest } from './refusal.ts'
import { accept } from './transfer.ts'

export function reversal(books: Books, body: Body): Response {
  checkInitiator(books.settings, body.Initiator, body)
  if (body.CommandID !== 'TransactionReversal') throw badRequest('CommandID')
  if (String(body.ReceiverParty) !== books.settings.MPESA_SHORT_CODE) throw badRequest('ReceiverParty')
  if (String(body.RecieverIdentifierType) !== '11') throw badRequest('RecieverIdentifierType')
  const amount = wholeAmount(body.Amount)
  const prompt = books.promptOf(body.TransactionID)
  if (prompt === undefined || prompt.amount !== amount) throw badRequest('TransactionID')
  return accept(books, {
    kind: 'reversal',
    OriginatorConversationID: newMerchantId(),
    amount,
    phone: prompt.phone,
    reverses: prompt.receipt,
    ...addressesOf(body),
  })
}
