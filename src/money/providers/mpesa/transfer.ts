/**
 * Refunds and payouts by M-Pesa. A request is only accepted at first; its result comes later to an address of ours, or never.
 * Our key of the attempt is M-Pesa's OriginatorConversationID, so that a repeat pays nothing twice. A reversal has no such
 * key, but a receipt is reversed only once. The row keeps which of the two an attempt took, because both could pay.
 */
import type { Ctx } from '../../../core/context.ts'
import { formatMoney } from '../../../core/money.ts'
import { HOUR_MS, MINUTE_MS } from '../../../core/time.ts'
import { FIRST_POLL_MS } from '../../poll-schedule.ts'
import type { OutgoingPayout, OutgoingRefund, Sent } from '../port.ts'
import { storedEventsAbout } from '../stored-events.ts'
import { isNotReversible, PAID } from './codes.ts'
import type { Keys } from './keys.ts'
import { LEAST_TO_PHONE, SHILLING } from './limits.ts'
import { isEndedUnpaid, outcomeOf, type Reports, whyDoubtful } from './outcome.ts'
import { readPhone } from './phone.ts'
import { readCallback, readResult } from './shapes.ts'
import { tokenFor } from './token.ts'
import { type Attempt, askStatus, conversationOf, requestNow } from './transfer-requests.ts'
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

/** The number of a receipt comes with the callback, which may follow the poll that credits the payment. */
const RECEIPT_WAIT_MS = 2 * MINUTE_MS

export async function sendRefund(ctx: Ctx, keys: Keys, refund: OutgoingRefund): Promise<Sent> {
  const { capture } = refund
  const isFull = refund.amount === capture.amount
  const isReceiptDoubtful = isFull && (await namesOtherReceipts(ctx, refund))
  return send(ctx, keys, {
    key: refund.id,
    amount: refund.amount,
    currency: refund.currency,
    phone: refund.payment.phone,
    reversible: isFull ? capture.receiptNumber : null,
    refund: { isFull, creditedAt: capture.at, isReceiptDoubtful },
    pollOnly: refund.pollOnly,
  })
}

/** Callbacks are unsigned: one of two that name different receipts names somebody else's. */
async function namesOtherReceipts(ctx: Ctx, { payment, capture }: OutgoingRefund): Promise<boolean> {
  const events = await storedEventsAbout(ctx, 'mpesa', payment.id)
  const paid = events
    .map(({ body }) => readCallback(JSON.parse(body)))
    .filter(({ reference, code }) => reference === capture.reference && code === PAID)
  const numbers = [capture.receiptNumber, ...paid.map(({ receiptNumber }) => receiptNumber)]
  return new Set(numbers.filter((number) => number != null)).size > 1
}

export const sendPayout = (ctx: Ctx, keys: Keys, payout: OutgoingPayout): Promise<Sent> =>
  send(ctx, keys, {
    key: payout.id,
    amount: payout.amount,
    currency: payout.currency,
    phone: payout.destination,
    reversible: null,
    refund: null,
    pollOnly: payout.pollOnly,
  })

/** The id of the refund or payout in a key. */
export const subjectOf = (key: string): string => /^[a-z]+_[0-9a-z]+/.exec(key)?.[0] ?? key

const pending: Sent = { status: 'pending', reference: null, reason: null }
const unknown = (reason: string): Sent => ({ status: 'unknown', reference: null, reason })
const failed = (reason: string): Sent => ({ status: 'failed', reference: null, reason })

type ReportsOf = (row: TransferRow) => Reports

/**
 * Idempotent. Throws if M-Pesa cannot be reached, or its answer proves nothing. A result may come long after its attempt was
 * given up. So nothing is requested if another attempt at the same was paid.
 */
async function send(ctx: Ctx, keys: Keys, attempt: Attempt): Promise<Sent> {
  const { key } = attempt
  const [attempts, reportsOf] = await Promise.all([
    attemptsAt(ctx, subjectOf(key)),
    readReports(ctx, subjectOf(key)),
  ])
  const row = attempts.find(({ id }) => id === key)
  const outcome = (each: TransferRow) => outcomeOf(each.kind, attempt, reportsOf(each))
  const other = attempts.find((each) => each !== row && (outcome(each)?.status ?? 'failed') !== 'failed')
  if (other === undefined) return sendAttempt(ctx, keys, attempt, attempts, reportsOf)
  const paid = outcome(other)!
  // One receipt is reversed once, however many requests ask for it.
  if (row === undefined || (row.kind === 'reversal' && other.kind === 'reversal')) return paid
  const sent = await sendAttempt(ctx, keys, { ...attempt, pollOnly: true }, attempts, reportsOf)
  if (sent.status === 'failed') return paid
  const named = paid.reference === null ? '' : ` (${paid.reference})`
  return sent.status === 'succeeded'
    ? { ...sent, reason: `M-Pesa paid another attempt at it too${named}` }
    : unknown(`M-Pesa paid another attempt at it${named}, and this one may follow`)
}

async function sendAttempt(
  ctx: Ctx,
  keys: Keys,
  attempt: Attempt,
  attempts: readonly TransferRow[],
  reportsOf: ReportsOf,
): Promise<Sent> {
  const { key } = attempt
  const row = attempts.find(({ id }) => id === key)
  if (row === undefined && attempt.pollOnly) return failed('it was never requested')
  if (row === undefined) return sendFirst(ctx, keys, attempt, chooseKind(attempt, attempts, reportsOf))
  const reports = reportsOf(row)
  const outcome = outcomeOf(row.kind, attempt, reports)
  if (outcome?.status === 'failed') return believeFailure(ctx, keys, attempt, row, reports, outcome)
  if (outcome !== null) return outcome
  if (row.refusal !== null) return failed(row.refusal)
  if (row.conversation !== null) return waitForResult(ctx, keys, row, reports)
  if (ctx.now - row.requestedAt < REPEAT_FOR_MS) {
    // Somebody else may still wait for the answer. Two requests would make a failure of one doubtful.
    if (attempt.pollOnly || ctx.now - row.requestedAt < FIRST_POLL_MS) return pending
    // Without a token nothing is requested, so it is not counted either.
    await tokenFor(ctx, keys)
    // If the count is lost, so is nothing else: the next call repeats the request.
    return (await countRepeat(ctx, key)) ? request(ctx, keys, attempt, row.kind) : pending
  }
  return row.kind === 'b2c'
    ? waitForResult(ctx, keys, row, reports)
    : unknown('M-Pesa never answered the reversal')
}

/**
 * A failed result is final if it answers the only request: of two, one may fail because the other went through. It is also
 * unsigned. So a refund is sent to the phone again by itself only if the status of the transfer says the same.
 */
async function believeFailure(
  ctx: Ctx,
  keys: Keys,
  { refund, pollOnly }: Attempt,
  row: TransferRow,
  reports: Reports,
  outcome: Sent,
): Promise<Sent> {
  const isOnly = row.requests === 1
  const leadsToPhone =
    refund !== null && (row.kind === 'b2c' || reports.results.some(({ code }) => isNotReversible(code)))
  if (isOnly && (pollOnly || !leadsToPhone || isEndedUnpaid(reports))) return outcome
  await askStatusAgain(ctx, keys, row)
  return isOnly
    ? { ...pending, reason: outcome.reason }
    : unknown(`one of its ${row.requests} requests has failed: ${outcome.reason}`)
}

async function sendFirst(ctx: Ctx, keys: Keys, attempt: Attempt, kind: TransferRow['kind']): Promise<Sent> {
  const { amount, currency } = attempt
  if (currency !== 'KES' || amount % SHILLING !== 0) return failed('M-Pesa sends whole shillings of KES only')
  if (readPhone(attempt.phone ?? '') === null) return failed('there is no Kenyan mobile number to send it to')
  const whyNot = whyNotNow(ctx, attempt, kind)
  if (whyNot !== null) return whyNot
  await tokenFor(ctx, keys)
  const inserted = await insertTransfer(ctx, attempt.key, kind)
  return inserted === undefined ? pending : request(ctx, keys, attempt, kind)
}

/** Why a refund is not requested now; null: it can be. */
function whyNotNow(
  { now }: Ctx,
  { amount, currency, reversible, refund }: Attempt,
  kind: TransferRow['kind'],
): Sent | null {
  if (refund === null) return null
  if (kind === 'reversal') {
    return refund.isReceiptDoubtful ? failed('its callbacks name several receipts') : null
  }
  if (refund.isFull && reversible === null && now < refund.creditedAt + RECEIPT_WAIT_MS) return pending
  if (amount >= LEAST_TO_PHONE) return null
  const least = formatMoney({ amount: LEAST_TO_PHONE, currency })
  return failed(`M-Pesa sends no less than ${least} to a phone, and the payment cannot be reversed from here`)
}

/**
 * A full refund is a reversal, and so are its later attempts: a receipt is reversed only once, so that they cannot pay twice.
 * If M-Pesa took none of them, or says that it does not reverse this payment at all, the money is sent to the phone. So it is
 * if nobody knows which receipt is the payment's. After that no reversal follows.
 */
function chooseKind(
  { reversible, refund }: Attempt,
  earlier: readonly TransferRow[],
  reportsOf: ReportsOf,
): TransferRow['kind'] {
  if (reversible === null) return 'b2c'
  if (earlier.length === 0) return refund?.isReceiptDoubtful ? 'b2c' : 'reversal'
  const mayHavePaid = earlier.some(
    (row) =>
      row.kind === 'reversal' &&
      row.refusal === null &&
      !reportsOf(row).results.some(({ code }) => isNotReversible(code)),
  )
  return mayHavePaid && earlier.every(({ kind }) => kind === 'reversal') ? 'reversal' : 'b2c'
}

/** Reads what M-Pesa has posted about each attempt. */
async function readReports(ctx: Ctx, subject: string): Promise<ReportsOf> {
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

/** M-Pesa has the request. Asks for its status if no result has come. */
async function waitForResult(ctx: Ctx, keys: Keys, row: TransferRow, reports: Reports): Promise<Sent> {
  if (ctx.now - row.requestedAt >= STATUS_AFTER_MS) await askStatusAgain(ctx, keys, row)
  const doubt = whyDoubtful(reports)
  return doubt === null ? pending : unknown(doubt)
}

/** Less often as it gets older. Without a name of M-Pesa's a reversal cannot be asked for. */
async function askStatusAgain(ctx: Ctx, keys: Keys, row: TransferRow): Promise<void> {
  const conversation = row.conversation ?? (row.kind === 'b2c' ? conversationOf(row.id) : '')
  const pause = Math.max(STATUS_AFTER_MS, (ctx.now - row.requestedAt) / 2)
  if (conversation === '' || !(await claimStatusQuery(ctx, row.id, ctx.now - pause))) return
  await askStatus(ctx, keys, { ...row, conversation })
}
