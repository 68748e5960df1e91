/** Money: integer minor units beside an ISO 4217 currency; no floats, ever. */
import * as z from 'zod'

/** Largest amount of one sum, in minor units; leaves room to multiply by a raffle's tickets within 2^53. */
export const MAX_AMOUNT = 1_000_000_000

export const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be a currency code such as KES')

/** `amount` is in minor units (cents); zero means free. */
export const Money = z
  .strictObject({ amount: z.number().int().min(0).max(MAX_AMOUNT), currency: Currency })
  .meta({ id: 'Money', description: 'Integer minor units of a currency.' })
export type Money = z.infer<typeof Money>

/** Money that is more than nothing. */
export const MoneyAboveZero = z.strictObject({
  amount: z.number().int().min(1).max(MAX_AMOUNT),
  currency: Currency,
})

/** A sum of many amounts, as it is answered. */
export const Sum = z
  .strictObject({ amount: z.number().int(), currency: Currency })
  .meta({ id: 'Sum', description: 'Integer minor units of a currency, of many amounts together.' })

/** ISO 4217's minor units, where a major one has not a hundred of them; what people are shown elsewhere often has fewer. */
const OTHER_DECIMALS = new Map(
  Object.entries({
    0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
    3: 'BHD IQD JOD KWD LYD OMR TND',
    4: 'CLF UYW',
  }).flatMap(([decimals, currencies]) =>
    currencies.split(' ').map((currency) => [currency, Number(decimals)] as const),
  ),
)

export const decimalsOf = (currency: string): number => OTHER_DECIMALS.get(currency) ?? 2

/** An amount in minor units as people of a language write it: `KES 1,500.00`. */
export function writeMoney(language: string, { amount, currency }: Money): string {
  const decimals = decimalsOf(currency)
  return new Intl.NumberFormat(language, {
    style: 'currency',
    currency,
    currencyDisplay: 'code',
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(amount / 10 ** decimals)
}

/** `KES 15.00`: minor units as people write them. */
export function moneyText({ amount, currency }: Money): string {
  const digits = decimalsOf(currency)
  return `${currency} ${(amount / 10 ** digits).toFixed(digits)}`
}
