/** What an order's history says of refunds, in words for its buyer. */
import type { Money } from '../core/money.ts'
import { formatMoney } from '../core/money.ts'
import type { RefundedLine } from '../money/schema.ts'
import type { LinePort } from '../orders/line.ts'
import { byPort } from '../orders/lines/index.ts'
import type { OrderLineRow } from '../orders/schema.ts'

/** A line's part in a refund, with what it is a line of. */
interface NamedPart extends RefundedLine {
  row: Pick<OrderLineRow, 'kind' | 'title'>
}

const kindOf = ({ row }: NamedPart): string => row.kind

/** `tickets 4 and 5`, `2 × A book`, or both; of several raffles each with its title. */
const partsNamed = (parts: readonly NamedPart[]): string =>
  byPort(parts, kindOf)
    .flatMap(([{ texts }, ofKind]) =>
      ofKind.map(({ row, numbers }) => texts.refunded(numbers, row.title, ofKind.length === 1)),
    )
    .join(', ')

/** A sentence for each kind of line that has parts among these. */
const ofEachKind = (
  parts: readonly NamedPart[],
  sentence: (port: LinePort, units: string) => string,
): string =>
  byPort(parts, kindOf)
    .map(([port, ofKind]) => sentence(port, partsNamed(ofKind)))
    .join(' ')

/** Why these could not be taken back: the end of a sentence. */
export const whyKept = (parts: readonly { row: Pick<OrderLineRow, 'kind'> }[]): string =>
  byPort(parts, ({ row }) => row.kind)
    .map(([{ texts }]) => texts.whyKept)
    .join(', and ')

export const refundText = {
  due: (sum: Money, parts: NamedPart[], reason: string) =>
    `${formatMoney(sum)} for ${partsNamed(parts)} goes back to you: ${reason}`,
  refused: (parts: NamedPart[]) =>
    ofEachKind(parts, ({ texts }, units) => `No refund for ${units}: ${texts.whyKept}.`),
  cancelled: ({ item, unit }: LinePort['words'], reason: string) =>
    `The ${item} was cancelled, and the price of its ${unit}s goes back to you: ${reason}`,
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
  stays: (parts: NamedPart[]) => ofEachKind(parts, ({ texts }, units) => texts.keptDespiteDispute(units)),
  /** `price`: of what the money paid for and has not gone back. */
  attention: ({ reference, ...sum }: Money & { reference: string }, provider: string, price: number) =>
    `${provider} took ${formatMoney(sum)} back (${reference})${besides(sum, price)}.`,
  borne: (parts: NamedPart[]) => ofEachKind(parts, ({ texts }, units) => texts.keptAtALoss(units)),
} as const

function besides(sum: Money, price: number): string {
  const { amount, currency } = sum
  if (price === amount) return ''
  if (price === 0) return ', which had gone back already'
  if (price < amount)
    return `, of which ${formatMoney({ amount: amount - price, currency })} had gone back already`
  return `, less than the ${formatMoney({ amount: price, currency })} that its order comes to: what that bought stays as it is`
}
