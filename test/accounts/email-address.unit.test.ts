// Which e-mail addresses exist, and that each has one stored form.
import { describe, expect, it } from 'vitest'
import { Email } from '../../src/accounts/contract.ts'

const stored = (text: string) => Email.safeParse(text).data

describe('an e-mail address', () => {
  it.each([
    ['reader@xn--e1afmkfd.xn--p1ai', 'reader@xn--e1afmkfd.xn--p1ai'],
    ['books&more@example.com', 'books&more@example.com'],
    ['dept/sales@example.com', 'dept/sales@example.com'],
    ["!#$%&'*+/=?^_`{|}~-@example.com", "!#$%&'*+/=?^_`{|}~-@example.com"],
    ['1@2.example', '1@2.example'],
    ['a@b-c.museum', 'a@b-c.museum'],
    [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
    ['  Amina.Wanjiru+Books@Example.COM ', 'amina.wanjiru+books@example.com'],
  ])('may be %s', (text, form) => {
    expect(stored(text)).toBe(form)
  })

  it.each([
    ['user@bücher.example', 'user@xn--bcher-kva.example'],
    ['user@BU\u0308CHER.example', 'user@xn--bcher-kva.example'],
    ['user@пример.рф', 'user@xn--e1afmkfd.xn--p1ai'],
    ['user@straße.example', 'user@xn--strae-oqa.example'],
    ['user@例え。example', 'user@xn--r8jz45g.example'],
    ['user@xn--bcher-kva.example', 'user@xn--bcher-kva.example'],
  ])('has one form, whichever way its domain is written: %s', (text, form) => {
    expect(stored(text)).toBe(form)
    expect(stored(form)).toBe(form)
  })

  it.each([
    '',
    'amina',
    '@example.com',
    'amina@',
    'amina@localhost',
    '.amina@example.com',
    'amina.@example.com',
    'a..b@example.com',
    'a b@example.com',
    'a@b@example.com',
    '"a b"@example.com',
    'Amina <amina@example.com>',
    'amina@example.com,b@example.com',
    'amina@example..com',
    'amina@example.com.',
    'amina@-example.com',
    'amina@example-.com',
    'amina@under_score.com',
    'amina@example.123',
    'amina@127.0.0.1',
    'amina@1.2.3',
    'amina@[127.0.0.1]',
    'amina@exa%6dple.com',
    'amina@example.com/x',
    'amina@example.com:25',
    'amina@example.com\nbcc: b@example.com',
    'ämina@example.com',
    // Letters whose lower case is ASCII: the Kelvin sign, the dotted capital I.
    '\u212Aim@example.com',
    'AM\u0130NA@example.com',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(64)}.example`,
    `a@${'b.'.repeat(130)}example`,
    `a@${'ü'.repeat(60)}.example`,
  ])('is not %j', (text) => {
    expect(Email.safeParse(text).success).toBe(false)
  })
})
