/** What lines come to, in minor units. Pure. */
import type { OrderLineRow } from './schema.ts'

type Priced = Pick<OrderLineRow, 'unitAmount' | 'quantity'>

export const amountOf = (lines: readonly Priced[]): number =>
  lines.reduce((sum, { unitAmount, quantity }) => sum + unitAmount * quantity, 0)

/** What some units of lines come to: of each as many as there are numbers. */
export const amountOfUnits = (
  parts: readonly { row: Pick<OrderLineRow, 'unitAmount'>; numbers: readonly number[] }[],
): number =>
  amountOf(parts.map(({ row: { unitAmount }, numbers }) => ({ unitAmount, quantity: numbers.length })))
