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

/** A formatter takes 0.1 ms to make, so one of each language and currency is kept. */
const formatters = new Map<string, Intl.NumberFormat>()
const MAX_FORMATTERS = 500

function formatterOf(language: string, currency: string): Intl.NumberFormat {
  const key = `${language} ${currency}`
  const known = formatters.get(key)
  if (known !== undefined) return known
  const decimals = decimalsOf(currency)
  const formatter = new Intl.NumberFormat(language, {
    style: 'currency',
    currency,
    currencyDisplay: 'code',
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  })
  if (formatters.size < MAX_FORMATTERS) formatters.set(key, formatter)
  return formatter
}

/** A sum as people of a language write it, with plain spaces: `KES 1,500.00`, in Spanish `1500,00 KES`. */
export const formatMoney = ({ amount, currency }: Money, language = 'en'): string =>
  formatterOf(language, currency)
    .format(amount / 10 ** decimalsOf(currency))
    .replace(/\s/g, ' ')
