/** What an order's history says of refunds, in words for its buyer. */
import type { Money } from '../core/money.ts'
import { formatMoney } from '../core/money.ts'
import type { RefundedLine } from '../money/schema.ts'
import type { OrderLineRow } from '../orders/schema.ts'

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

/** A line's part in a refund, with what it is a line of. */
interface NamedPart extends RefundedLine {
  row: Pick<OrderLineRow, 'kind' | 'title'>
}

/** `tickets 4 and 5`, `2 × A book`, or both; of several raffles each with its title. */
function partsNamed(parts: readonly NamedPart[]): string {
  const tickets = parts.filter(({ row }) => row.kind === 'raffle')
  const products = parts.filter(({ row }) => row.kind === 'product')
  const isOne = tickets.length === 1
  return [
    ...tickets.map((part) => `${ticketsNamed([part])}${isOne ? '' : ` of “${part.row.title}”`}`),
    ...products.map(({ row, numbers }) => `${numbers.length} × ${row.title}`),
  ].join(', ')
}

export const refundText = {
  due: (sum: Money, parts: NamedPart[], reason: string) =>
    `${formatMoney(sum)} for ${partsNamed(parts)} goes back to you: ${reason}`,
  refused: (parts: NamedPart[]) =>
    `No refund for ${partsNamed(parts)}: the list of tickets is fixed for the draw.`,
  cancelled: (reason: string) =>
    `The raffle was cancelled, and the price of its tickets goes back to you: ${reason}`,
  cameBack: (sum: Money, by: string) =>
    `${by} could not pay you the ${formatMoney(sum)} after all. It is sent once more.`,
  /** By the bank, before we could. */
  withYou: (sum: Money) => `${formatMoney(sum)} is with you already, as your bank took it back.`,
  /** `by` a provider, or `hand (…)` with what it is found again by. */
  paid: (sum: Money, by: string) => `${formatMoney(sum)} sent back to you by ${by}.`,
} as const

/** Of what a provider took back by itself: the first ones for the buyer, the others for operators. */
export const disputeText = {
  taken: (sum: Money) => `Your bank took ${formatMoney(sum)} back.`,
  back: (parts: NamedPart[]) => `Yours no longer: ${partsNamed(parts)}.`,
  stays: (parts: NamedPart[]) =>
    `In the draw still, as its list of tickets is fixed: ${partsNamed(parts)}. A prize that they win may be withheld.`,
  /** `price`: of what the money paid for and has not gone back. */
  attention: ({ reference, ...sum }: Money & { reference: string }, provider: string, price: number) =>
    `${provider} took ${formatMoney(sum)} back (${reference})${besides(sum, price)}.`,
  borne: (parts: NamedPart[]) =>
    `In the draw still, as its list was fixed: ${partsNamed(parts)}. Their organisation bears the price; a winner can be disqualified.`,
} as const

function besides(sum: Money, price: number): string {
  const { amount, currency } = sum
  if (price === amount) return ''
  if (price === 0) return ', which had gone back already'
  if (price < amount)
    return `, of which ${formatMoney({ amount: amount - price, currency })} had gone back already`
  return `, less than the ${formatMoney({ amount: price, currency })} that its order comes to: what that bought stays as it is`
}
