/** Money: integer minor units with an ISO 4217 currency, never floats. */
import * as z from 'zod'
import { CURRENCIES, decimalsOf } from './currencies.ts'
import { keep } from './keep.ts'

/** The largest amount, in minor units. Multiplied by the tickets of a raffle, it stays below 2^53. */
export const MAX_AMOUNT = 1_000_000_000

/** A currency in a response, or one to look for: rows from before codes were checked may have any code. */
export const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be a currency code such as KES')

export const NOT_IN_USE = 'must be a currency of ISO 4217 that is in use, such as KES'

/** The currency of a new price, prize or top-up. */
export const CurrencyIn = z
  .enum(CURRENCIES, { error: NOT_IN_USE })
  .meta({ id: 'Currency', description: 'A currency of ISO 4217 that is in use.' })

/** `amount` is in minor units (cents); zero means free. */
export const Money = z
  .strictObject({ amount: z.number().int().min(0).max(MAX_AMOUNT), currency: Currency })
  .meta({ id: 'Money', description: 'Integer minor units of a currency.' })
export type Money = z.infer<typeof Money>

/** The money of a new price or prize. What must match a stored sum is `Money`, so that old sums can be settled. */
export const MoneyIn = Money.extend({ currency: CurrencyIn }).meta({
  id: 'MoneyIn',
  description: 'Integer minor units of a currency that is in use.',
})

/** Money above zero. */
export const MoneyAboveZero = z.strictObject({
  amount: z.number().int().min(1).max(MAX_AMOUNT),
  currency: Currency,
})

export const MoneyAboveZeroIn = MoneyAboveZero.extend({ currency: CurrencyIn })

/** A total of many amounts in a response; it may exceed `MAX_AMOUNT`. */
export const Sum = z
  .strictObject({ amount: z.number().int(), currency: Currency })
  .meta({ id: 'Sum', description: 'Integer minor units of a currency: the total of many amounts.' })

/** One formatter per language and currency is kept, because making one takes 0.1 ms. */
const formatterOf = keep((language: string, currency: string): Intl.NumberFormat => {
  const decimals = decimalsOf(currency)
  return new Intl.NumberFormat(language, {
    style: 'currency',
    currency,
    currencyDisplay: 'code',
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  })
})

/** Formats money for a language, with plain spaces: `KES 1,500.00`, in Spanish `1500,00 KES`. */
export const formatMoney = ({ amount, currency }: Money, language = 'en'): string =>
  formatterOf(language, currency)
    .format(amount / 10 ** decimalsOf(currency))
    .replace(/\s/g, ' ')
