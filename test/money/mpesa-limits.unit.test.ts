import { describe, expect, it } from 'vitest'
import { meaningOf, whyTransferFailed } from '../../src/money/providers/mpesa/codes.ts'
import { whyNotSent, whyNotTaken } from '../../src/money/providers/mpesa/limits.ts'

const KES = (amount: number) => ({ amount, currency: 'KES' })

describe('M-Pesa takes', () => {
  it.each([100, 25_000_000])('whole shillings, from one to 250,000: %i', (amount) =>
    expect(whyNotTaken(KES(amount))).toBeNull(),
  )

  it.each([
    [KES(150), 'whole shillings only, and this is KES 1.50'],
    [KES(25_000_100), 'at most KES 250,000.00 at once, and this is KES 250,001.00'],
    [{ amount: 100, currency: 'USD' }, 'KES only, and this is USD 1.00'],
  ])('no other sum: %o', (sum, why) => expect(whyNotTaken(sum)).toBe(`mpesa takes ${why}`))
})

describe('M-Pesa sends to a phone', () => {
  it.each([1_000, 25_000_000])('whole shillings, from ten to 250,000: %i', (amount) =>
    expect(whyNotSent(KES(amount))).toBeNull(),
  )

  it.each([
    [900, 'at least KES 10.00, and this is KES 9.00'],
    [25_000_100, 'at most KES 250,000.00 at once, and this is KES 250,001.00'],
  ])('no other sum: %i', (amount, why) => expect(whyNotSent(KES(amount))).toBe(`mpesa pays ${why}`))
})

describe('a code of M-Pesa’s about a limit', () => {
  it.each([
    ['3', 'it is more than M-Pesa takes at once'],
    ['4', 'the phone has reached its daily limit'],
    ['8006', 'the M-Pesa PIN of the phone is locked'],
  ])('is a failed payment: %s', (code, reason) => expect(meaningOf(code)).toEqual({ kind: 'failed', reason }))

  it.each([
    ['2', 'it is less than M-Pesa sends to a phone'],
    ['4', 'the phone has reached its daily limit'],
    ['8', 'the phone’s account would hold more than M-Pesa allows'],
  ])('says why a transfer failed: %s', (code, why) =>
    expect(whyTransferFailed(code)).toBe(`${why} (M-Pesa’s code ${code})`),
  )
})
