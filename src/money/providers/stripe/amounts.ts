/** Sums as Stripe counts them. Its unit of some currencies is not ISO 4217’s minor unit. Pure. */
import { decimalsOf } from '../../../core/currencies.ts'
import { formatMoney, type Money } from '../../../core/money.ts'

/** Currencies that Stripe counts by another number of decimals than ISO 4217. */
const STRIPE_DECIMALS: Readonly<Record<string, number>> = { ISK: 2, UGX: 2, MGA: 0 }

/** In currencies of three decimals the last digit must be 0. In these two, both decimals must be. */
const ONLY_WHOLE = new Set(['ISK', 'UGX', 'MGA'])

/** The largest sum of one charge, in Stripe's unit. */
const LARGEST = 99_999_999

/** A minor unit of ours in Stripe's unit: 1, 100 or 0.01. */
const factorOf = (currency: string): number =>
  10 ** ((STRIPE_DECIMALS[currency] ?? decimalsOf(currency)) - decimalsOf(currency))

const stepOf = (currency: string): number => {
  const decimals = decimalsOf(currency)
  if (ONLY_WHOLE.has(currency)) return 10 ** decimals
  return decimals > 2 ? 10 ** (decimals - 2) : 1
}

/** The sum in Stripe's unit. Only for a sum that `whyNotAtStripe` accepts. */
export const toStripe = ({ amount, currency }: Money): { amount: number; currency: string } => ({
  amount: Math.round(amount * factorOf(currency)),
  currency: currency.toLowerCase(),
})

/** A sum that Stripe reports. `currency` as Stripe writes it, in small letters. */
export function fromStripe(amount: number, currency: string): Money {
  const code = currency.toUpperCase()
  return { amount: Math.round(amount / factorOf(code)), currency: code }
}

/** Why Stripe cannot move this sum, in words that follow a field's name. Null: it can. */
export function whyNotAtStripe({ amount, currency }: Money): string | null {
  const step = stepOf(currency)
  if (amount % step !== 0) {
    return `stripe moves ${currency} only in steps of ${formatMoney({ amount: step, currency })}`
  }
  const largest = Math.floor(LARGEST / factorOf(currency))
  return amount <= largest
    ? null
    : `stripe moves at most ${formatMoney({ amount: largest, currency })} at once`
}
