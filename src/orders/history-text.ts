/** What an order's history says, in words for its buyer. */

import type { FulfilmentStatus } from '../catalog/schema.ts'
import { formatMoney, type Money } from '../core/money.ts'
import { toInstant } from '../core/time.ts'
import type { LossReason } from './line.ts'
import { byPort, linePort } from './lines/index.ts'
import type { OrderLineRow } from './schema.ts'

type Line = Pick<OrderLineRow, 'kind' | 'title' | 'quantity'>
type LostLine = Line & { why: LossReason }

/** A sentence for what went to others, and one for each line that is lost otherwise. `lines`: all of the order. */
function lostTexts(lost: LostLine[], lines: Line[]): string[] {
  const ofKind = Map.groupBy(lines, ({ kind }) => kind)
  const gone = lost
    .filter(({ why }) => why === 'gone')
    .map(({ kind, title }) => linePort(kind).texts.gone(title, ofKind.get(kind)!.length === 1))
  return [
    ...(gone.length === 0 ? [] : [`${gone.join(' and ')} went to others before the payment arrived.`]),
    ...lost.flatMap(({ kind, title, why }) =>
      why === 'gone' ? [] : [LOST_TEXTS[why](title, `${linePort(kind).words.unit}s`)],
    ),
  ]
}

const LOST_TEXTS: Record<Exclude<LossReason, 'gone'>, (title: string, units: string) => string> = {
  limit: (title, units) => `You have as many ${units} of “${title}” already as one person may.`,
  cancelled: (title, units) => `“${title}” was cancelled before its ${units} were yours.`,
  frozen: (title, units) =>
    `The list of ${units} of “${title}” was fixed for the draw before the payment arrived.`,
}

const unitsOf = (lines: Line[]): number => lines.reduce((sum, { quantity }) => sum + quantity, 0)

/** A provider has not said whether the money is on its way. */
const UNHEARD = ' If you have paid all the same, that is found out, and settled or sent back to you.'

/** By what means, as people say it. */
const means = (provider: string): string =>
  provider === 'manual' ? 'in cash or by bank transfer' : `by ${provider}`

export const historyText = {
  placed: (order: Money & { payUntil: number }) =>
    `Reserved. Pay ${formatMoney(order)} by ${toInstant(order.payUntil)}.`,
  started: (provider: string) => `Payment ${means(provider)} started.`,
  unanswered: (provider: string) =>
    `${provider} has not answered yet. If your phone asks you, confirm there; if it does not within two minutes, try to pay once more.`,
  declined: (reason: string | null) =>
    reason === null ? 'The payment failed.' : `The payment failed: ${reason}.`,
  received: ({ receiptNumber, ...sum }: Money & { receiptNumber?: string }, provider: string) =>
    `Received ${formatMoney(sum)} ${means(provider)}${receiptNumber === undefined ? '' : ` (${receiptNumber})`}.`,
  receiptNumber: (number: string) => `The receipt number of that is ${number}.`,
  issued: (lines: Line[]) =>
    [
      'Paid.',
      ...byPort(lines, ({ kind }) => kind).map(([port, issued]) => port.texts.issued(unitsOf(issued))),
    ].join(' '),
  lost: (sum: Money, lost: LostLine[], lines: Line[]) =>
    [...lostTexts(lost, lines), `${formatMoney(sum)} goes back to you.`].join(' '),
  excess: (sum: Money) => `That was ${formatMoney(sum)} more than the price. It goes back to you.`,
  returned: {
    twice: (sum: Money) => `This order was paid already. ${formatMoney(sum)} goes back to you.`,
    wrong: (sum: Money, due: Money) =>
      `${formatMoney(sum)} came instead of ${formatMoney(due)}. It goes back to you.`,
  },
  fulfilled: (status: Exclude<FulfilmentStatus, 'none'>, title: string, reference: string | undefined) =>
    `“${title}” was ${status}${reference === undefined ? '' : ` (${reference})`}.`,
  expired: (heard: boolean) => `Not paid in time. What was held is free again.${heard ? '' : UNHEARD}`,
  cancelled: (heard: boolean) => `Cancelled. What was held is free again.${heard ? '' : UNHEARD}`,
} as const
