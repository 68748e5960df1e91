/** The texts about refunds and disputes: for the buyer in the order's history, for operators on the payment. */
import type { Money } from '../core/money.ts'
import { formatMoney } from '../core/money.ts'
import type { RefundedLine } from '../money/schema.ts'
import type { LinePort } from '../orders/line.ts'
import { byPort } from '../orders/lines/index.ts'
import type { OrderLineRow } from '../orders/schema.ts'
import { labelOf } from '../tickets/number-label.ts'

/** A line's part in a refund, with the kind and title of the line. */
interface NamedPart extends RefundedLine {
  row: Pick<OrderLineRow, 'kind' | 'title' | 'digits'>
}

const kindOf = ({ row }: NamedPart): string => row.kind

/** `tickets 4 and 5`, `2 × A book`, or both. If there are several raffles, each is named with its title. */
const partsNamed = (parts: readonly NamedPart[]): string =>
  byPort(parts, kindOf)
    .flatMap(([{ texts }, ofKind]) =>
      ofKind.map(({ row, numbers }) => {
        const labels = numbers.map((number) => labelOf(number, row.digits))
        return texts.refunded(labels, row.title, ofKind.length === 1)
      }),
    )
    .join(', ')

/** One sentence for each kind of line among these parts. */
const sentenceForEachKind = (
  parts: readonly NamedPart[],
  sentence: (port: LinePort, units: string) => string,
): string =>
  byPort(parts, kindOf)
    .map(([port, ofKind]) => sentence(port, partsNamed(ofKind)))
    .join(' ')

/** Why these could not be taken back, as the end of a sentence. */
export const whyKept = (parts: readonly { row: Pick<OrderLineRow, 'kind'> }[]): string =>
  byPort(parts, ({ row }) => row.kind)
    .map(([{ texts }]) => texts.whyKept)
    .join(', and ')

export const refundText = {
  takenBack: (part: NamedPart, reason: string) => `No longer yours: ${partsNamed([part])}. ${reason}`,
  due: (sum: Money, parts: NamedPart[], reason: string) =>
    `${formatMoney(sum)} for ${partsNamed(parts)} will be refunded to you: ${reason}`,
  refused: (parts: NamedPart[]) =>
    sentenceForEachKind(parts, ({ texts }, units) => `No refund for ${units}: ${texts.whyKept}.`),
  cancelled: ({ item, unit, cancelled }: LinePort['words'], title: string, reason: string) =>
    `The ${cancelled ?? item} was cancelled, and the price of your ${unit}s of “${title}” will be refunded to you: ${reason}`,
  cancelledFree: ({ item, unit, cancelled }: LinePort['words'], title: string, reason: string) =>
    `The ${cancelled ?? item} was cancelled. No longer valid: your ${unit}s of “${title}”. ${reason}`,
  cameBack: (sum: Money, by: string) =>
    `${by} could not pay you the ${formatMoney(sum)} after all. It will be sent again.`,
  /** The bank had returned the money before we could. */
  paidByBank: (sum: Money) => `Your bank has already returned ${formatMoney(sum)} to you.`,
  /** `by`: a provider, or `hand (…)` with the reference. */
  paid: (sum: Money, by: string) => `${formatMoney(sum)} was refunded to you by ${by}.`,
} as const

type Reversed = Money & { reference: string; isByHand?: boolean }

/** `taken`, `back` and `stays` are for the buyer; `attention` and `borne` are for operators. */
export const disputeText = {
  taken: (sum: Money) => `Your bank took ${formatMoney(sum)} back.`,
  back: (parts: NamedPart[]) => `No longer yours: ${partsNamed(parts)}.`,
  stays: (parts: NamedPart[]) =>
    sentenceForEachKind(parts, ({ texts }, units) => texts.keptDespiteDispute(units)),
  /** `price`: of all units that the money paid for and that are not refunded. */
  attention: ({ reference, ...sum }: Money & { reference: string }, provider: string, price: number) =>
    `${provider} took ${formatMoney(sum)} back (${reference})${comparedWithPrice(sum, price)}.`,
  won: ({ reference, isByHand, ...sum }: Reversed, provider: string, isBorne: boolean) =>
    `${provider} returned ${formatMoney(sum)} after a ${isByHand ? 'refund that could not be paid' : 'dispute that was won'} (${reference}). ${isBorne ? 'The organisation has it back.' : `The buyer has neither this money nor the tickets: pay it back at ${provider}, or agree with the buyer.`}`,
  decidedForUs: ({ isByHand }: Reversed) =>
    isByHand
      ? 'Your bank could not pay this money to you, and has returned it.'
      : 'Your bank has decided that the payment was right, and has returned it.',
  borne: (parts: NamedPart[]) => sentenceForEachKind(parts, ({ texts }, units) => texts.keptAtALoss(units)),
} as const

function comparedWithPrice(sum: Money, price: number): string {
  const { amount, currency } = sum
  if (price === amount) return ''
  if (price === 0) return ', which was already refunded'
  if (price < amount)
    return `, of which ${formatMoney({ amount: amount - price, currency })} was already refunded`
  return `, less than the price of ${formatMoney({ amount: price, currency })}: the order stays as it is`
}
