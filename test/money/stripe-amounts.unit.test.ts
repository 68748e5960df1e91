import { describe, expect, it } from 'vitest'
import { CURRENCIES } from '../../src/core/currencies.ts'
import { MAX_AMOUNT } from '../../src/core/money.ts'
import { fromStripe, toStripe, whyNotAtStripe } from '../../src/money/providers/stripe/amounts.ts'

describe('a sum at Stripe', () => {
  it.each([
    [1_500, 'KES', 1_500],
    [1_500, 'USD', 1_500],
    [500, 'JPY', 500],
    // Stripe counts both of these in hundredths, and takes whole units only.
    [500, 'UGX', 50_000],
    [500, 'ISK', 50_000],
    // ISO 4217 gives the ariary two decimals, Stripe none.
    [50_000, 'MGA', 500],
    [12_340, 'KWD', 12_340],
  ])('%d minor units of %s are %d in Stripe’s unit', (amount, currency, atStripe) => {
    expect(whyNotAtStripe({ amount, currency })).toBeNull()
    expect(toStripe({ amount, currency })).toEqual({ amount: atStripe, currency: currency.toLowerCase() })
    expect(fromStripe(atStripe, currency.toLowerCase())).toEqual({ amount, currency })
  })

  it.each([
    [12_345, 'KWD', 'stripe moves KWD only in steps of KWD 0.010'],
    [50_050, 'MGA', 'stripe moves MGA only in steps of MGA 1.00'],
    [100_000_000, 'USD', 'stripe moves at most USD 999,999.99 at once'],
    [1_000_000, 'UGX', 'stripe moves at most UGX 999,999 at once'],
  ])('of %d minor units of %s is refused in words', (amount, currency, why) => {
    expect(whyNotAtStripe({ amount, currency })).toBe(why)
  })

  it('comes back as it was, in every currency', () => {
    for (const currency of CURRENCIES) {
      for (const amount of [10, 1_000, 99_900, MAX_AMOUNT]) {
        if (whyNotAtStripe({ amount, currency }) !== null) continue
        const { amount: atStripe, currency: code } = toStripe({ amount, currency })
        expect(Number.isInteger(atStripe), currency).toBe(true)
        expect(fromStripe(atStripe, code)).toEqual({ amount, currency })
      }
    }
  })
})
