/** The texts of an order's history, written for its buyer. */

import type { FulfilmentStatus } from '../catalog/schema.ts'
import { formatMoney, type Money } from '../core/money.ts'
import { toInstant } from '../core/time.ts'
import { writtenName } from '../money/provider-name.ts'
import type { LossReason } from './line.ts'
import { byPort, linePort } from './lines/index.ts'
import { unansweredText } from './payment-advice.ts'
import type { OrderLineRow } from './schema.ts'

type Line = Pick<OrderLineRow, 'kind' | 'title' | 'quantity'>
type LostLine = Line & { why: LossReason }

/** One sentence for all lines that others took, and one for each other lost line. `lines`: all lines of the order. */
function lostTexts(lost: LostLine[], lines: Line[], isFree: boolean): string[] {
  const ofKind = Map.groupBy(lines, ({ kind }) => kind)
  const taken = lost
    .filter(({ why }) => why === 'taken')
    .map(({ kind, title }) => linePort(kind).texts.taken(title, ofKind.get(kind)!.length === 1))
  const before = isFree ? 'before your order was finished' : 'before your payment arrived'
  return [
    ...(taken.length === 0 ? [] : [`${taken.join(' and ')} went to others ${before}.`]),
    ...lost.flatMap(({ kind, title, why }) =>
      why === 'taken' ? [] : [LOST_TEXTS[why](title, `${linePort(kind).words.unit}s`)],
    ),
  ]
}

const LOST_TEXTS: Record<Exclude<LossReason, 'taken'>, (title: string, units: string) => string> = {
  limit: (title, units) => `You already have as many ${units} of “${title}” as one person may have.`,
  cancelled: (title, units) => `“${title}” was cancelled before your ${units} were issued.`,
  closed: (title, units) => `The sale of “${title}” was over before your ${units} were issued.`,
  frozen: (title, units) =>
    `The list of ${units} of “${title}” was fixed for the draw before your payment arrived.`,
}

const unitsOf = (lines: Line[]): number => lines.reduce((sum, { quantity }) => sum + quantity, 0)

/** Added if a provider has not answered, because money may still arrive. */
const IF_YOU_PAID = {
  expired: ' If you have paid, the payment will be found. You then get your order or a refund.',
  cancelled: ' If you have paid, the payment will be found and refunded to you.',
}

const paymentMethod = (provider: string): string =>
  provider === 'manual' ? 'in cash or by bank transfer' : `by ${writtenName(provider)}`

export const historyText = {
  placed: (order: Money & { payUntil: number }) =>
    order.amount === 0
      ? 'Reserved. There is nothing to pay.'
      : `Reserved. Pay ${formatMoney(order)} by ${toInstant(order.payUntil)}.`,
  proving: (sum: Money) =>
    `A payment of ${formatMoney(sum)} proves that the phone number is yours. It goes back to you.`,
  started: (provider: string) => `Payment ${paymentMethod(provider)} started.`,
  unanswered: unansweredText,
  declined: (reason: string | null) =>
    reason === null ? 'The payment failed.' : `The payment failed: ${reason}.`,
  received: ({ receiptNumber, ...sum }: Money & { receiptNumber?: string }, provider: string) =>
    `Received ${formatMoney(sum)} ${paymentMethod(provider)}${receiptNumber === undefined ? '' : ` (${receiptNumber})`}.`,
  receiptNumber: (number: string) => `The receipt number of this payment is ${number}.`,
  issued: (lines: Line[], isFree: boolean) =>
    [
      ...(isFree ? [] : ['Paid.']),
      ...byPort(lines, ({ kind }) => kind).map(([port, issued]) => port.texts.issued(unitsOf(issued))),
    ].join(' '),
  /** `sum`: of the lost lines. */
  lost: (sum: Money, lost: LostLine[], lines: Line[], isFree: boolean) =>
    [
      ...lostTexts(lost, lines, isFree),
      ...(sum.amount === 0 ? [] : [`${formatMoney(sum)} will be refunded to you.`]),
    ].join(' '),
  excess: (sum: Money) =>
    `You paid ${formatMoney(sum)} more than the price. The difference will be refunded to you.`,
  returned: {
    twice: (sum: Money) => `This order was already paid. ${formatMoney(sum)} will be refunded to you.`,
    cancelled: (sum: Money) =>
      `This order was cancelled before the money arrived. ${formatMoney(sum)} will be refunded to you.`,
    notAccepted: (sum: Money) =>
      `This order can no longer be paid. ${formatMoney(sum)} will be refunded to you.`,
    proof: (sum: Money) =>
      `It proves that the phone number is yours. ${formatMoney(sum)} will be refunded to you.`,
    wrong: (sum: Money, due: Money) =>
      `${formatMoney(sum)} arrived instead of ${formatMoney(due)}. It will be refunded to you.`,
  },
  fulfilled: (status: Exclude<FulfilmentStatus, 'none'>, title: string, reference: string | undefined) =>
    `“${title}” was ${status}${reference === undefined ? '' : ` (${reference})`}.`,
  expired: (allAnswered: boolean) =>
    `Not paid in time. Your reservation has ended.${allAnswered ? '' : IF_YOU_PAID.expired}`,
  cancelled: (allAnswered: boolean) =>
    `Cancelled. Your reservation has ended.${allAnswered ? '' : IF_YOU_PAID.cancelled}`,
  /** The organisations of the order read it too, and do not learn why. */
  cancelledByPlatform: (allAnswered: boolean) =>
    `Cancelled by the platform. Your reservation has ended.${allAnswered ? '' : IF_YOU_PAID.cancelled}`,
} as const
