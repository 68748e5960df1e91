// ISBN-13: the check digit is checked, and hyphens are ignored.
import { describe, expect, it } from 'vitest'
import { isIsbn13, toIsbn13 } from '../../src/catalog/isbn.ts'

describe('an ISBN-13', () => {
  it.each(['9780385474542', '9780306406157', '9791034304899', '9780140449136'])('may be %s', (digits) => {
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
  ])('must not be %s', (digits) => {
    expect(isIsbn13(digits)).toBe(false)
  })

  it('has one valid check digit, which detects a swap of two neighbours', () => {
    const good = '9780306406157'
    const right = [...'0123456789'].filter((last) => isIsbn13(good.slice(0, -1) + last))
    expect(right).toEqual(['7'])
    expect(isIsbn13('9780306406175')).toBe(false)
  })

  it('may have hyphens or spaces', () => {
    expect(toIsbn13('978-0-306-40615-7')).toBe('9780306406157')
    expect(toIsbn13('978 0 306 40615 7')).toBe('9780306406157')
  })
})
