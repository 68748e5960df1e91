/**
 * Currencies by ISO 4217, list one of 1 January 2026. Decision 11 says why no package is used. A unit test compares them
 * with the Unicode CLDR.
 */

/** The currencies that people pay with, by their number of decimals: no funds, metals or test codes. */
const IN_USE = {
  0: `BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF`,
  2: `
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
    CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
    JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
    NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN
    SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG`,
  3: `BHD IQD JOD KWD LYD OMR TND`,
}

/** Funds, by their number of decimals. They are refused, but a row from before that may have one. */
const FUNDS = { 0: 'UYI', 4: 'CLF UYW' }

const byDecimals = (table: Record<number, string>): [string, number][] =>
  Object.entries(table).flatMap(([decimals, codes]) =>
    codes
      .trim()
      .split(/\s+/)
      .map((code): [string, number] => [code, Number(decimals)]),
  )

const DECIMALS = new Map([...byDecimals(IN_USE), ...byDecimals(FUNDS)])

/** In the order of the alphabet. */
export const CURRENCIES: readonly string[] = byDecimals(IN_USE)
  .map(([code]) => code)
  .sort()

/** Any other code has two: a row from before codes were checked may have one. */
export const decimalsOf = (currency: string): number => DECIMALS.get(currency) ?? 2
