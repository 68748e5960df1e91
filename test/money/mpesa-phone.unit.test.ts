import mobile from 'libphonenumber-js/metadata.mobile.json' with { type: 'json' }
import { describe, expect, it } from 'vitest'
import { KENYA } from '../../src/money/providers/mpesa/kenya.ts'
import { readPhone } from '../../src/money/providers/mpesa/phone.ts'

describe('a Kenyan mobile number', () => {
  it.each([
    '0712345678',
    '712345678',
    '254712345678',
    '+254712345678',
    '+254 712 345 678',
    '+254 (0) 712-345-678',
    '0712 345678',
  ])('is read in the form %s', (text) => {
    expect(readPhone(text)).toBe('+254712345678')
  })

  it('may begin with 01', () => {
    expect(readPhone('0110 123 456')).toBe('+254110123456')
  })

  it.each([
    '',
    '12',
    '0207123456',
    '0800123456',
    '07123456789',
    '071234567',
    '+447911123456',
    '+255712345678',
    '0712345678 ext 4',
    'call 0712345678',
    '0712345678, 0712345679',
  ])('is not %o', (text) => {
    expect(readPhone(text)).toBeNull()
  })

  it('has the rules of the package', () => {
    const known = mobile as unknown as { version: number; countries: Record<string, unknown> }
    expect(KENYA).toMatchObject({ version: known.version, countries: { KE: known.countries.KE } })
  })
})
