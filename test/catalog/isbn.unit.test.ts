// ISBN-13: the check digit is checked, and the eye's hyphens do not count.
import { describe, expect, it } from 'vitest'
import { isIsbn13, toIsbn13 } from '../../src/catalog/isbn.ts'

describe('an ISBN-13', () => {
  it.each(['9780385474542', '9780306406157', '9791034304899', '9780140449136'])('is %s', (digits) => {
    expect(isIsbn13(digits)).toBe(true)
  })

  it.each([
    '9780385474543',
    '9780306406158',
    '978030640615',
    '97803064061577',
    '1230306406157',
    '0306406152',
    '',
  ])('is not %s', (digits) => {
    expect(isIsbn13(digits)).toBe(false)
  })

  it('has one right last digit, and no two neighbours that differ by other than five can be swapped', () => {
    const good = '9780306406157'
    const right = [...'0123456789'].filter((last) => isIsbn13(good.slice(0, -1) + last))
    expect(right).toEqual(['7'])
    expect(isIsbn13('9780306406175')).toBe(false)
  })

  it('is written with hyphens or spaces for the eye', () => {
    expect(toIsbn13('978-0-306-40615-7')).toBe('9780306406157')
    expect(toIsbn13('978 0 306 40615 7')).toBe('9780306406157')
  })
})
