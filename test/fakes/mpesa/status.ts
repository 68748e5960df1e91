/** `POST /mpesa/transactionstatus/v1/query`: what became of a transfer. The result is posted later. */
import type { Books, StatusQuery, Transfer } from './books.ts'
import { addressesOf, type Body, newConversationId, newMerchantId, newReceipt, textOf } from './forms.ts'
import { checkInitiator } from './password.ts'
import { badRequest } from './refusal.ts'
import { accepted } from './transfer.ts'

export function status(books: Books, body: Body): Response {
  checkInitiator(books.settings, body.Initiator, body)
  const { CommandID, IdentifierType, TransactionID, OriginatorConversationID: id } = body
  if (CommandID !== 'TransactionStatusQuery') throw badRequest('CommandID')
  if (String(IdentifierType) !== '4') throw badRequest('IdentifierType')
  if (String(body.PartyA) !== books.settings.MPESA_SHORT_CODE) throw badRequest('PartyA')
  const query = {
    OriginatorConversationID: newMerchantId(),
    ConversationID: newConversationId(),
    about: String(TransactionID ?? id),
    resultUrl: addressesOf(body).resultUrl,
  }
  books.queries.push(query)
  return accepted(query)
}

/** The transfer that a query asks for; undefined: there is none. */
export const askedFor = ({ transfers }: Books, { about }: StatusQuery): Transfer | undefined =>
  transfers.find(
    (each) =>
      each.OriginatorConversationID === about ||
      (each.transactionId !== null && each.transactionId === about),
  )

/** The result of a query, as Daraja posts it. */
export function statusResultOf(query: StatusQuery, transfer: Transfer | undefined) {
  const { OriginatorConversationID, ConversationID } = query
  const known = { ResultType: 0, OriginatorConversationID, ConversationID, TransactionID: newReceipt() }
  if (transfer === undefined) {
    return { Result: { ...known, ResultCode: 1, ResultDesc: 'The transaction does not exist' } }
  }
  const state = transfer.code === null ? 'Pending' : transfer.code === 0 ? 'Completed' : 'Failed'
  return {
    Result: {
      ...known,
      ResultCode: 0,
      ResultDesc: textOf(0),
      ResultParameters: {
        ResultParameter: [
          { Key: 'ReceiptNo', Value: transfer.transactionId },
          { Key: 'Amount', Value: transfer.amount },
          { Key: 'TransactionStatus', Value: state },
        ],
      },
      ReferenceData: { ReferenceItem: { Key: 'Occasion', Value: '' } },
    },
  }
}
