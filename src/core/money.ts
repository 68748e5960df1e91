/** Money: integer minor units with an ISO 4217 currency, never floats. */
import * as z from 'zod'

/** The largest amount, in minor units. Multiplied by the tickets of a raffle, it stays below 2^53. */
export const MAX_AMOUNT = 1_000_000_000

export const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be a currency code such as KES')

/** `amount` is in minor units (cents); zero means free. */
export const Money = z
  .strictObject({ amount: z.number().int().min(0).max(MAX_AMOUNT), currency: Currency })
  .meta({ id: 'Money', description: 'Integer minor units of a currency.' })
export type Money = z.infer<typeof Money>

/** Money above zero. */
export const MoneyAboveZero = z.strictObject({
  amount: z.number().int().min(1).max(MAX_AMOUNT),
  currency: Currency,
})

/** A total of many amounts in a response; it may exceed `MAX_AMOUNT`. */
export const Sum = z
  .strictObject({ amount: z.number().int(), currency: Currency })
  .meta({ id: 'Sum', description: 'Integer minor units of a currency: the total of many amounts.' })

/** The currencies of ISO 4217 that do not have two decimals, by their number of decimals. */
const OTHER_DECIMALS = new Map(
  Object.entries({
    0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
    3: 'BHD IQD JOD KWD LYD OMR TND',
    4: 'CLF UYW',
  }).flatMap(([decimals, currencies]) =>
    currencies.split(' ').map((currency) => [currency, Number(decimals)] as const),
  ),
)

const decimalsOf = (currency: string): number => OTHER_DECIMALS.get(currency) ?? 2

/** One formatter per language and currency is kept, because making one takes 0.1 ms. */
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

/** Formats money for a language, with plain spaces: `KES 1,500.00`, in Spanish `1500,00 KES`. */
export const formatMoney = ({ amount, currency }: Money, language = 'en'): string =>
  formatterOf(language, currency)
    .format(amount / 10 ** decimalsOf(currency))
    .replace(/\s/g, ' ')
