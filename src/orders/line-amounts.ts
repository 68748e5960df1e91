/** What lines come to, in minor units. Pure. */
import type { OrderLineRow } from './schema.ts'

type Priced = Pick<OrderLineRow, 'unitAmount' | 'quantity'>

export const amountOf = (lines: readonly Priced[]): number =>
  lines.reduce((sum, { unitAmount, quantity }) => sum + unitAmount * quantity, 0)
