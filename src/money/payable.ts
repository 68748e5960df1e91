/** The largest sum that one payment can have. Pure. */
import { invalid } from '../core/errors.ts'
import { formatMoney, MAX_AMOUNT, type Money } from '../core/money.ts'

/** Throws `invalid` on `field` if the sum is larger. */
export function mustBePayable({ amount, currency }: Money, field: string): void {
  if (amount <= MAX_AMOUNT) return
  const most = formatMoney({ amount: MAX_AMOUNT, currency })
  throw invalid(field, `makes this ${formatMoney({ amount, currency })}; one payment can be at most ${most}`)
}
