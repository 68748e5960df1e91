import { describe, expect, it } from 'vitest'
import { formatMoney, MAX_AMOUNT, Money } from '../../src/core/money.ts'

describe('money', () => {
  it.each([0, 1, 1500, MAX_AMOUNT])('is a whole number of minor units: %i', (amount) => {
    expect(Money.parse({ amount, currency: 'KES' })).toEqual({ amount, currency: 'KES' })
  })

  it.each([-1, 0.5, MAX_AMOUNT + 1, Number.NaN, Number.POSITIVE_INFINITY, '1500', null])(
    'has no other amount: %s',
    (amount) => {
      expect(Money.safeParse({ amount, currency: 'KES' }).success).toBe(false)
    },
  )

  it.each(['kes', 'KE', 'KESH', 'K3S', '', undefined])(
    'has a currency of three capitals, not %s',
    (currency) => {
      expect(Money.safeParse({ amount: 1, currency }).success).toBe(false)
    },
  )

  it('has no other field', () => {
    expect(Money.safeParse({ amount: 1, currency: 'KES', scale: 3 }).success).toBe(false)
  })

  it('stays a safe integer when multiplied by the tickets of the largest raffle', () => {
    expect(Number.isSafeInteger(MAX_AMOUNT * 1_000_000)).toBe(true)
  })

  it.each([
    ['KES', 'KES 1,234.56'],
    ['HUF', 'HUF 1,234.56'],
    ['IDR', 'IDR 1,234.56'],
    ['JPY', 'JPY 123,456'],
    ['IQD', 'IQD 123.456'],
  ])('in %s is written with the decimals of ISO 4217', (currency, written) => {
    expect(formatMoney({ amount: 123_456, currency })).toBe(written)
  })
})
