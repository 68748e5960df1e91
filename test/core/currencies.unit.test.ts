import CLDR from 'cldr-core/supplemental/currencyData.json' with { type: 'json' }
import { describe, expect, it } from 'vitest'
import { CURRENCIES, decimalsOf } from '../../src/core/currencies.ts'

interface Period {
  _from?: string
  _to?: string
  _tender?: string
}

/** The legal tender of some country on a day, by the Unicode CLDR. */
function tenderOn(day: string): string[] {
  const regions: Record<string, { [code: string]: Period | undefined }[]> =
    CLDR.supplemental.currencyData.region
  const periods = Object.values(regions).flatMap((each) => each.flatMap((periods) => Object.entries(periods)))
  const current = periods.filter(
    ([, { _from = '', _to = '9999', _tender } = {}]) => _tender !== 'false' && _from <= day && day < _to,
  )
  return [...new Set(current.map(([code]) => code))].sort()
}

describe('the currencies', () => {
  // It fails on the day on which a country changes its money, if the release of the CLDR knows that day.
  it('are the legal tender of today, by the Unicode CLDR', () => {
    expect(CURRENCIES).toEqual(tenderOn(new Date().toISOString().slice(0, 10)))
  })

  it.each([
    ['JPY', 0],
    ['UGX', 0],
    ['KES', 2],
    // The CLDR writes these without decimals, but ISO 4217 gives them two or three, and so do the providers.
    ['HUF', 2],
    ['IDR', 2],
    ['MGA', 2],
    ['IQD', 3],
    ['KWD', 3],
    // Refused, but stored rows may have them.
    ['CLF', 4],
    ['KSH', 2],
  ])('%s has %i decimals', (currency, decimals) => {
    expect(decimalsOf(currency)).toBe(decimals)
  })
})
