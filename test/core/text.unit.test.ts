import { describe, expect, it } from 'vitest'
import { Line, LongText } from '../../src/core/text.ts'

const Title = Line(1, 20)
const Description = LongText(20)

describe('a line', () => {
  it.each(['Books', '日本語', '…', '🎟️', 'á', ' Books '])('is what can be read: %j', (text) => {
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
  ])('is not what cannot: %j', (text) => {
    expect(Title.safeParse(text).error?.issues).toHaveLength(1)
  })

  it('may be empty where none is needed', () => {
    expect(Line(0, 20).parse('  ')).toBe('')
    expect(Line(0, 20).safeParse('\u200b').success).toBe(false)
  })
})

describe('a long text', () => {
  it('has lines and tabs, and line breaks of one kind', () => {
    expect(Description.parse('one\r\ntwo\rthree\n\tend')).toBe('one\ntwo\nthree\n\tend')
    expect(Description.parse('')).toBe('')
  })

  it.each(['a\u0000b', 'a\u0007b', 'a\u001bb', 'a\u007fb', 'a\u0085b', 'a\u202eb', 'a\u2066b', 'a\ud800b'])(
    'has no character that acts upon the reader’s screen: %j',
    (text) => {
      expect(Description.safeParse(text).error?.issues[0]?.message).toBe(
        'must be text without control characters',
      )
    },
  )
})
