/** What an order's history says of refunds, in words for its buyer. */
import type { Money } from '../core/money.ts'
import type { RefundedLine } from '../money/schema.ts'
import { moneyText } from './words.ts'

/** More numbers than these help nobody. */
const MAX_NAMED = 20

/** `ticket 4`, `tickets 4, 5 and 6`; of many, the first ones. */
export function ticketsNamed(lines: readonly RefundedLine[]): string {
  const numbers = lines.flatMap((line) => line.numbers)
  const named = numbers.slice(0, MAX_NAMED)
  const more = numbers.length - named.length
  if (more > 0) return `tickets ${named.join(', ')} and ${more} more`
  if (named.length === 1) return `ticket ${named[0]}`
  return `tickets ${named.slice(0, -1).join(', ')} and ${named.at(-1)}`
}

export const tellRefund = {
  due: (sum: Money, lines: RefundedLine[], reason: string) =>
    `${moneyText(sum)} for ${ticketsNamed(lines)} goes back to you: ${reason}`,
  refused: (lines: RefundedLine[]) =>
    `No refund for ${ticketsNamed(lines)}: the list of tickets is fixed for the draw.`,
  cancelled: (reason: string) =>
    `The raffle was cancelled, and the price of its tickets goes back to you: ${reason}`,
  paid: (sum: Money, provider: string) => `${moneyText(sum)} sent back to you by ${provider}.`,
} as const
