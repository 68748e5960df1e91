/** Sums of lines, in minor units. Pure. */
import type { OrderLineRow } from './schema.ts'

type Priced = Pick<OrderLineRow, 'unitAmount' | 'quantity'>

export const amountOf = (lines: readonly Priced[]): number =>
  lines.reduce((sum, { unitAmount, quantity }) => sum + unitAmount * quantity, 0)

/** The price of some units of lines: one unit for each number. */
export const amountOfUnits = (
  parts: readonly { row: Pick<OrderLineRow, 'unitAmount'>; numbers: readonly number[] }[],
): number =>
  amountOf(parts.map(({ row: { unitAmount }, numbers }) => ({ unitAmount, quantity: numbers.length })))
