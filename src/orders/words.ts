/** What an order's history says, in words for its buyer. */

import type { FulfilmentStatus } from '../catalog/schema.ts'
import { decimalsOf } from '../core/money.ts'
import { toInstant } from '../core/time.ts'
import type { LineKind } from './schema.ts'

export interface Sum {
  amount: number
  currency: string
}

/** `KES 15.00`: minor units as people write them. */
export function moneyText({ amount, currency }: Sum): string {
  const digits = decimalsOf(currency)
  return `${currency} ${(amount / 10 ** digits).toFixed(digits)}`
}

const unitsText = (count: number): string => `${count === 1 ? '1 item is' : `${count} items are`} yours.`
const ticketsText = (count: number): string => (count === 1 ? '1 ticket' : `${count} tickets`)

export const tell = {
  placed: (order: Sum & { payUntil: number }) =>
    `Reserved. Pay ${moneyText(order)} by ${toInstant(order.payUntil)}.`,
  started: (provider: string) => `Payment by ${provider} started.`,
  declined: (reason: string | null) =>
    reason === null ? 'The payment failed.' : `The payment failed: ${reason}.`,
  received: (sum: Sum, provider: string) => `Received ${moneyText(sum)} by ${provider}.`,
  issued: (tickets: number, units: number) =>
    [
      'Paid.',
      ...(tickets > 0 ? [`${ticketsText(tickets)} issued.`] : []),
      ...(units > 0 ? [unitsText(units)] : []),
    ].join(' '),
  lost: (sum: Sum, lines: { kind: LineKind; title: string }[]) => {
    const titles = lines.filter(({ kind }) => kind === 'product').map(({ title }) => `“${title}”`)
    const what = [...(titles.length < lines.length ? ['The numbers'] : []), ...titles].join(' and ')
    return `${what} went to others before the payment arrived. ${moneyText(sum)} goes back to you.`
  },
  excess: (sum: Sum) => `That was ${moneyText(sum)} more than the price. It goes back to you.`,
  returned: {
    twice: (sum: Sum) => `This order was paid already. ${moneyText(sum)} goes back to you.`,
    wrong: (sum: Sum, due: Sum) =>
      `${moneyText(sum)} came instead of ${moneyText(due)}. It goes back to you.`,
  },
  fulfilled: (status: Exclude<FulfilmentStatus, 'none'>, title: string, reference: string | undefined) =>
    `“${title}” was ${status}${reference === undefined ? '' : ` (${reference})`}.`,
  expired: () => 'Not paid in time. What was held is free again.',
  cancelled: () => 'Cancelled. What was held is free again.',
} as const
