/** `POST /mpesa/b2c/v3/paymentrequest`: money to a phone, once for each OriginatorConversationID. */
import type { Books } from './books.ts'
import { addressesOf, type Body, isPhone, isText, wholeAmount } from './forms.ts'
import { checkInitiator } from './password.ts'
import { badRequest, Refusal } from './refusal.ts'
import { accept } from './transfer.ts'

export function b2c(books: Books, body: Body): Response {
  const { OriginatorConversationID: id, InitiatorName, CommandID, Amount, PartyA, PartyB } = body
  checkInitiator(books.settings, InitiatorName, body)
  if (!isText(id, 64) || !/^[\w-]+$/.test(String(id))) throw badRequest('OriginatorConversationID')
  if (CommandID !== 'PromotionPayment') throw badRequest('CommandID')
  if (String(PartyA) !== books.settings.MPESA_SHORT_CODE) throw badRequest('PartyA')
  if (!isPhone(PartyB)) throw badRequest('PartyB')
  if (books.transfers.some((each) => each.OriginatorConversationID === id)) {
    throw new Refusal(500, '500.002.1001', 'Duplicate OriginatorConversationID.')
  }
  return accept(books, {
    kind: 'b2c',
    OriginatorConversationID: String(id),
    amount: wholeAmount(Amount),
    phone: String(PartyB),
    reverses: null,
    ...addressesOf(body),
  })
}
