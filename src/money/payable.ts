/** What one payment can be asked for: no more than one sum can say, and by a provider only what it takes. Pure. */
import { invalid } from '../core/errors.ts'
import { MAX_AMOUNT, type Money, moneyText } from '../core/money.ts'

/** Throws, naming the field that makes it too much. */
export function mustBePayable({ amount, currency }: Money, field: string): void {
  if (amount <= MAX_AMOUNT) return
  const most = moneyText({ amount: MAX_AMOUNT, currency })
  throw invalid(field, `makes this ${moneyText({ amount, currency })}; one payment can be of ${most} at most`)
}
