/**
 * Refunds and payouts by M-Pesa. A request is only accepted at first; its result comes later to an address of ours, or never.
 * Our key of the attempt is M-Pesa's OriginatorConversationID, so that a repeat pays nothing twice. A reversal has no such
 * key, but a receipt is reversed only once. The row keeps which of the two an attempt took, because both could pay.
 */
import type { Ctx } from '../../../core/context.ts'
import type { Money } from '../../../core/money.ts'
import { HOUR_MS, MINUTE_MS } from '../../../core/time.ts'
import type { OutgoingPayout, OutgoingRefund, Sent } from '../port.ts'
import { storedEventsAbout } from '../stored-events.ts'
import { addressOf } from './addresses.ts'
import { post } from './client.ts'
import { isNotReversible, PAID } from './codes.ts'
import type { Keys } from './keys.ts'
import { outcomeOf, type Reports, whyDoubtful } from './outcome.ts'
import { SHILLING } from './payment.ts'
import { readPhone, toMsisdn } from './phone.ts'
import { Acceptance, readResult } from './shapes.ts'
import { NoToken } from './token.ts'
import {
  attemptsAt,
  claimStatusQuery,
  countRepeat,
  insertTransfer,
  markAccepted,
  markRefused,
  type TransferRow,
} from './transfer-rows.ts'

/** A request whose answer was lost is repeated for this long. After that M-Pesa may have forgotten its key. */
const REPEAT_FOR_MS = HOUR_MS
/** A result comes within a minute, as a rule. Without one M-Pesa is asked for the status. */
const STATUS_AFTER_MS = MINUTE_MS

/** HTTP 500 with this code, or a text. */
const DUPLICATE = '500.002.1001'
const isDuplicateText = (text: string | undefined): boolean => /duplicate/i.test(text ?? '')

/** The form was wrong, so nothing was taken. Any other error may pass: the request is repeated. */
const BAD_REQUEST = 400

const REMARKS = 'Tombola'

/** One attempt to send money to a phone. */
interface Attempt extends Money {
  /** Our key: the id of the refund or payout, and from the second attempt on a suffix. */
  key: string
  phone: string | null
  /** The receipt of the payment, if the sum is all of it. */
  reversible: string | null
  /** Nothing may be requested now: an attempt that was never requested has failed. */
  pollOnly: boolean
}

type Requested = { kind: 'accepted'; conversation: string } | { kind: 'refused'; reason: string }

export const sendRefund = (ctx: Ctx, keys: Keys, refund: OutgoingRefund): Promise<Sent> =>
  send(ctx, keys, {
    key: refund.id,
    amount: refund.amount,
    currency: refund.currency,
    phone: refund.payment.phone,
    reversible: refund.amount === refund.capture.amount ? refund.capture.receiptNumber : null,
    pollOnly: refund.pollOnly,
  })

export const sendPayout = (ctx: Ctx, keys: Keys, payout: OutgoingPayout): Promise<Sent> =>
  send(ctx, keys, {
    key: payout.id,
    amount: payout.amount,
    currency: payout.currency,
    phone: payout.destination,
    reversible: null,
    pollOnly: payout.pollOnly,
  })

/** The id of the refund or payout in a key. */
export const subjectOf = (key: string): string => /^[a-z]+_[0-9a-z]+/.exec(key)?.[0] ?? key

/** M-Pesa takes letters, digits, hyphens and underscores. */
const conversationOf = (key: string): string => key.replaceAll('.', '-')

const pending: Sent = { status: 'pending', reference: null, reason: null }
const unknown = (reason: string): Sent => ({ status: 'unknown', reference: null, reason })
const failed = (reason: string): Sent => ({ status: 'failed', reference: null, reason })

/** Idempotent. Throws if M-Pesa cannot be reached, or its answer proves nothing. */
async function send(ctx: Ctx, keys: Keys, attempt: Attempt): Promise<Sent> {
  const { key } = attempt
  const [attempts, reportsOf] = await Promise.all([
    attemptsAt(ctx, subjectOf(key)),
    readReports(ctx, subjectOf(key)),
  ])
  const row = attempts.find(({ id }) => id === key)
  if (row === undefined && attempt.pollOnly) return failed('it was never requested')
  if (row === undefined) return sendFirst(ctx, keys, attempt, chooseKind(attempt, attempts, reportsOf))
  const reports = reportsOf(row)
  const outcome = outcomeOf(row.kind, attempt, reports)
  if (outcome !== null) return outcome
  if (row.refusal !== null) return failed(row.refusal)
  if (row.conversation !== null) return waitForResult(ctx, keys, row, reports)
  if (ctx.now - row.requestedAt < REPEAT_FOR_MS) {
    if (attempt.pollOnly) return pending
    // If the count is lost, so is nothing else: the next call repeats the request.
    return (await countRepeat(ctx, key)) ? request(ctx, keys, attempt, row.kind) : pending
  }
  return row.kind === 'b2c'
    ? waitForResult(ctx, keys, { ...row, conversation: conversationOf(key) }, reports)
    : unknown('M-Pesa never answered the reversal')
}

async function sendFirst(ctx: Ctx, keys: Keys, attempt: Attempt, kind: TransferRow['kind']): Promise<Sent> {
  const { amount, currency } = attempt
  if (currency !== 'KES' || amount % SHILLING !== 0) return failed('M-Pesa sends whole shillings of KES only')
  if (readPhone(attempt.phone ?? '') === null) return failed('there is no Kenyan mobile number to send it to')
  const inserted = await insertTransfer(ctx, attempt.key, kind)
  return inserted === undefined ? pending : request(ctx, keys, attempt, kind)
}

/**
 * A full refund is a reversal, and so are its later attempts: a receipt is reversed only once, so that they cannot pay twice.
 * If M-Pesa took none of them, or says that it does not reverse this payment at all, the money is sent to the phone. After
 * that no reversal follows.
 */
function chooseKind(
  { reversible }: Attempt,
  earlier: readonly TransferRow[],
  reportsOf: (row: TransferRow) => Reports,
): TransferRow['kind'] {
  if (reversible === null) return 'b2c'
  const mayHavePaid = earlier.some(
    (row) =>
      row.kind === 'reversal' &&
      row.refusal === null &&
      !reportsOf(row).results.some(({ code }) => isNotReversible(code)),
  )
  return earlier.length === 0 || (mayHavePaid && earlier.every(({ kind }) => kind === 'reversal'))
    ? 'reversal'
    : 'b2c'
}

/** Reads what M-Pesa has posted about each attempt. */
async function readReports(ctx: Ctx, subject: string): Promise<(row: TransferRow) => Reports> {
  const events = await storedEventsAbout(ctx, 'mpesa', subject)
  return ({ id, kind }) => {
    const of = (door: string) =>
      events
        .filter(({ eventId }) => eventId.startsWith(`${door}:${id}:`))
        .map(({ body }) => readResult(JSON.parse(body)))
    return {
      // A payout's result repeats our own key. A reversal's has a name that M-Pesa made, for each request another one.
      results: of('result').filter(
        ({ conversation }) => kind === 'reversal' || conversation === conversationOf(id),
      ),
      statuses: of('status'),
    }
  }
}

async function request(ctx: Ctx, keys: Keys, attempt: Attempt, kind: TransferRow['kind']): Promise<Sent> {
  const { key } = attempt
  const requested = await requestNow(ctx, keys, attempt, kind)
  if (requested.kind === 'accepted') {
    await markAccepted(ctx, key, requested.conversation)
    return pending
  }
  ctx.log.warn('M-Pesa refused a transfer', { key, reason: requested.reason })
  return (await markRefused(ctx, key, requested.reason)) ? failed(requested.reason) : pending
}

async function requestNow(
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
  try {
    const answer = await post(ctx, keys, path, body, Acceptance)
    if (answer.kind === 'error') {
      if (kind === 'b2c' && answer.code === DUPLICATE) return { kind: 'accepted', conversation }
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
  } catch (error) {
    if (error instanceof NoToken) ctx.log.warn('M-Pesa gives no access', { key: attempt.key })
    throw error
  }
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

/** M-Pesa has the request. Asks for its status if no result has come, less often as it gets older. */
async function waitForResult(ctx: Ctx, keys: Keys, row: TransferRow, reports: Reports): Promise<Sent> {
  const age = ctx.now - row.requestedAt
  const pause = Math.max(STATUS_AFTER_MS, age / 2)
  if (
    age >= STATUS_AFTER_MS &&
    row.conversation !== '' &&
    (await claimStatusQuery(ctx, row.id, ctx.now - pause))
  ) {
    await askStatus(ctx, keys, row)
  }
  const doubt = whyDoubtful(reports)
  return doubt === null ? pending : unknown(doubt)
}

/** Its result comes to an address of its own. If that fails, a later poll asks again. */
async function askStatus(ctx: Ctx, keys: Keys, { id, kind, conversation }: TransferRow): Promise<void> {
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
