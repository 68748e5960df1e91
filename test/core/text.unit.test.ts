import { describe, expect, it } from 'vitest'
import { Line, LongText } from '../../src/core/text.ts'

const Title = Line(1, 20)
const Description = LongText(20)

describe('a line', () => {
  it.each(['Books', '日本語', '…', '🎟️', 'á', ' Books '])('accepts %j', (text) => {
    expect(Title.parse(text)).toBe(text.trim().normalize('NFC'))
  })

  it.each([
    '',
    '   ',
    '\u200b',
    '\u200b \u2060',
    '\u3164',
    '\uffa0\u115f',
    '\u2800',
    '\ufe0f',
    '\u00ad',
    'two\nlines',
    'a\u0000b',
    'a\u202eb',
    'a\u2067b',
    '\ud800',
    'x'.repeat(21),
  ])('refuses %j', (text) => {
    expect(Title.safeParse(text).error?.issues).toHaveLength(1)
  })

  it('may be empty if its minimum is 0', () => {
    expect(Line(0, 20).parse('  ')).toBe('')
    expect(Line(0, 20).safeParse('\u200b').success).toBe(false)
  })
})

describe('a long text', () => {
  it('keeps lines and tabs, and turns every line break into LF', () => {
    expect(Description.parse('one\r\ntwo\rthree\n\tend')).toBe('one\ntwo\nthree\n\tend')
    expect(Description.parse('')).toBe('')
  })

  it.each(['a\u0000b', 'a\u0007b', 'a\u001bb', 'a\u007fb', 'a\u0085b', 'a\u202eb', 'a\u2066b', 'a\ud800b'])(
    'refuses control characters: %j',
    (text) => {
      expect(Description.safeParse(text).error?.issues[0]?.message).toBe(
        'must be text without control characters',
      )
    },
  )
})
