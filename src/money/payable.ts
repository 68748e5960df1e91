/** What one payment can be asked for: no more than one sum can say, and by a provider only what it takes. Pure. */
import { invalid } from '../core/errors.ts'
import { formatMoney, MAX_AMOUNT, type Money } from '../core/money.ts'

/** Throws, naming the field that makes it too much. */
export function mustBePayable({ amount, currency }: Money, field: string): void {
  if (amount <= MAX_AMOUNT) return
  const most = formatMoney({ amount: MAX_AMOUNT, currency })
  throw invalid(
    field,
    `makes this ${formatMoney({ amount, currency })}; one payment can be of ${most} at most`,
  )
}
