/** What B2C payments, reversals and status queries share: the answer that accepts them, and the results of transfers. */
import type { Books, Transfer } from './books.ts'
import { newConversationId, newReceipt, textOf } from './forms.ts'
import { json } from './refusal.ts'

export const accepted = ({
  ConversationID,
  OriginatorConversationID,
}: Pick<Transfer, 'OriginatorConversationID' | 'ConversationID'>): Response =>
  json(200, {
    ConversationID,
    OriginatorConversationID,
    ResponseCode: '0',
    ResponseDescription: 'Accept the service request successfully.',
  })

/** Takes a transfer. Its result comes later. */
export function accept(
  books: Books,
  request: Omit<Transfer, 'ConversationID' | 'code' | 'transactionId'>,
): Response {
  const transfer = { ...request, ConversationID: newConversationId(), code: null, transactionId: null }
  books.transfers.push(transfer)
  return accepted(transfer)
}

/** The result of a transfer, as Daraja posts it. */
export function resultOf(transfer: Transfer, code: number | string) {
  const { OriginatorConversationID, ConversationID, amount, phone, transactionId } = transfer
  return {
    Result: {
      ResultType: 0,
      ResultCode: code,
      ResultDesc: textOf(code),
      OriginatorConversationID,
      ConversationID,
      TransactionID: transactionId ?? newReceipt(),
      ...(code === 0
        ? {
            ResultParameters: {
              ResultParameter: [
                { Key: transfer.kind === 'b2c' ? 'TransactionAmount' : 'Amount', Value: amount },
                { Key: 'TransactionReceipt', Value: transactionId },
                { Key: 'ReceiverPartyPublicName', Value: `${phone} - Jane Doe` },
              ],
            },
          }
        : {}),
      ReferenceData: { ReferenceItem: { Key: 'QueueTimeoutURL', Value: transfer.timeOutUrl } },
    },
  }
}

/** What Daraja posts if its queue timed out: it decides nothing. */
export const timeOutOf = ({ OriginatorConversationID, ConversationID }: Transfer) => ({
  Result: {
    ResultType: 1,
    ResultCode: 1,
    ResultDesc: 'The service request timed out.',
    OriginatorConversationID,
    ConversationID,
    TransactionID: '',
  },
})
