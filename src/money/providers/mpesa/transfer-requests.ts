/** What is posted to M-Pesa about one attempt at a refund or payout, and whether M-Pesa took it. */
import type { Ctx } from '../../../core/context.ts'
import type { Money } from '../../../core/money.ts'
import { addressOf } from './addresses.ts'
import { post } from './client.ts'
import { PAID } from './codes.ts'
import type { Keys } from './keys.ts'
import { SHILLING } from './limits.ts'
import { readPhone, toMsisdn } from './phone.ts'
import { Acceptance } from './shapes.ts'
import type { TransferRow } from './transfer-rows.ts'

/** M-Pesa uses its code 500.002.1001 for other errors too. */
const isDuplicateText = (text: string | undefined): boolean => /duplicate/i.test(text ?? '')

/** The form was wrong, so nothing was taken. Any other error may pass: the request is repeated. */
const BAD_REQUEST = 400

const REMARKS = 'Tombola'

/** One attempt to send money to a phone. */
export interface Attempt extends Money {
  /** Our key: the id of the refund or payout, and from the second attempt on a suffix. */
  key: string
  phone: string | null
  /** The receipt of the payment, if the sum is all of it and the number is known. */
  reversible: string | null
  /** What only a refund has: after a failure it is sent again without a person. */
  refund: { isFull: boolean; creditedAt: number; isReceiptDoubtful: boolean } | null
  /** Nothing may be requested now: an attempt that was never requested has failed. */
  pollOnly: boolean
}

/** M-Pesa takes letters, digits, hyphens and underscores. */
export const conversationOf = (key: string): string => key.replaceAll('.', '-')

type Requested = { kind: 'accepted'; conversation: string } | { kind: 'refused'; reason: string }

/** Throws if the answer is lost or proves nothing. */
export async function requestNow(
  ctx: Ctx,
  keys: Keys,
  attempt: Attempt,
  kind: TransferRow['kind'],
): Promise<Requested> {
  const [path, body] =
    kind === 'b2c'
      ? (['/mpesa/b2c/v3/paymentrequest', payoutBody(ctx, keys, attempt)] as const)
      : (['/mpesa/reversal/v1/request', reversalBody(ctx, keys, attempt)] as const)
  const conversation = conversationOf(attempt.key)
  const answer = await post(ctx, keys, path, body, Acceptance)
  if (answer.kind === 'error') {
    if (kind === 'b2c' && isDuplicateText(answer.message)) return { kind: 'accepted', conversation }
    if (answer.status === BAD_REQUEST) return refused(answer.code)
    throw new Error(`Daraja answered ${answer.status} with code ${answer.code}`)
  }
  const { ResponseCode, ResponseDescription, OriginatorConversationID } = answer.body
  if (ResponseCode === PAID) {
    return {
      kind: 'accepted',
      conversation: kind === 'b2c' ? conversation : (OriginatorConversationID ?? ''),
    }
  }
  if (kind === 'b2c' && isDuplicateText(ResponseDescription)) return { kind: 'accepted', conversation }
  return refused(ResponseCode)
}

const refused = (code: string): Requested => ({
  kind: 'refused',
  reason: `M-Pesa did not take the request (code ${code})`,
})

const resultAddresses = (ctx: Ctx, key: string, door: 'result' | 'status') => ({
  QueueTimeOutURL: addressOf(ctx, 'timeout', key),
  ResultURL: addressOf(ctx, door, key),
})

const payoutBody = (
  ctx: Ctx,
  { initiator, securityCredential, payoutShortCode }: Keys,
  attempt: Attempt,
) => ({
  OriginatorConversationID: conversationOf(attempt.key),
  InitiatorName: initiator,
  SecurityCredential: securityCredential,
  CommandID: 'PromotionPayment',
  Amount: String(attempt.amount / SHILLING),
  PartyA: payoutShortCode,
  PartyB: toMsisdn(readPhone(attempt.phone!)!),
  Remarks: REMARKS,
  ...resultAddresses(ctx, attempt.key, 'result'),
  Occasion: '',
})

const reversalBody = (ctx: Ctx, { initiator, securityCredential, shortCode }: Keys, attempt: Attempt) => ({
  Initiator: initiator,
  SecurityCredential: securityCredential,
  CommandID: 'TransactionReversal',
  TransactionID: attempt.reversible,
  Amount: String(attempt.amount / SHILLING),
  ReceiverParty: shortCode,
  RecieverIdentifierType: '11',
  ...resultAddresses(ctx, attempt.key, 'result'),
  Remarks: REMARKS,
  Occasion: '',
})

/** Its result comes to an address of its own. If that fails, a later poll asks again. */
export async function askStatus(
  ctx: Ctx,
  keys: Keys,
  { id, kind, conversation }: TransferRow,
): Promise<void> {
  const body = {
    Initiator: keys.initiator,
    SecurityCredential: keys.securityCredential,
    CommandID: 'TransactionStatusQuery',
    OriginatorConversationID: conversation,
    PartyA: kind === 'b2c' ? keys.payoutShortCode : keys.shortCode,
    IdentifierType: '4',
    ...resultAddresses(ctx, id, 'status'),
    Remarks: REMARKS,
    Occasion: '',
  }
  const answer = await post(ctx, keys, '/mpesa/transactionstatus/v1/query', body, Acceptance)
  if (answer.kind === 'error') {
    ctx.log.warn('M-Pesa did not take a status query', { key: id, code: answer.code })
  }
}
