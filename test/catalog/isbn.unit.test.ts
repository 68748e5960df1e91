// ISBNs: the check digit is checked, hyphens are ignored, and an ISBN-10 is the same book as its ISBN-13.
import { describe, expect, it } from 'vitest'
import { toIsbn13, withIsbn13 } from '../../src/catalog/isbn.ts'

describe('an ISBN', () => {
  it.each(['9780385474542', '9780306406157', '9791034304899', '9780140449136'])('may be %s', (digits) => {
    expect(toIsbn13(digits)).toBe(digits)
  })

  it.each([
    ['978-0-306-40615-7', '9780306406157'],
    ['978 0 306 40615 7', '9780306406157'],
    ['978‑0‑306‑40615–7', '9780306406157'],
    ['0-306-40615-2', '9780306406157'],
    ['0385474547', '9780385474542'],
    ['0-8044-2957-X', '9780804429573'],
    ['080442957x', '9780804429573'],
  ])('may be printed as %s', (printed, isbn13) => {
    expect(toIsbn13(printed)).toBe(isbn13)
  })

  it.each([
    '9780385474543',
    '9780306406158',
    '978030640615',
    '97803064061577',
    '1230306406157',
    '1234567890128',
    '0306406153',
    '080442957Y',
    'X804429570',
    '',
  ])('must not be %s', (digits) => {
    expect(toIsbn13(digits)).toBeNull()
  })

  it('has one valid check digit, which detects a swap of two neighbours', () => {
    const good = '9780306406157'
    const right = [...'0123456789'].filter((last) => toIsbn13(good.slice(0, -1) + last) !== null)
    expect(right).toEqual(['7'])
    expect(toIsbn13('9780306406175')).toBeNull()
  })

  it('is found within a text, and other numbers stay', () => {
    expect(withIsbn13('achebe 0-385-47454-7')).toBe('achebe 9780385474542')
    expect(withIsbn13('978-0-385-47454-2, 1958')).toBe('9780385474542, 1958')
    expect(withIsbn13('ISBN 080442957X')).toBe('ISBN 9780804429573')
    for (const other of ['0712 345 678', '1234567890123456', 'Volume 12'])
      expect(withIsbn13(other)).toBe(other)
  })
})
