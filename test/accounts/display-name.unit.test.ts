import { describe, expect, it } from 'vitest'
import { displayName } from '../../src/accounts/display-name.ts'

describe('the public name of a winner', () => {
  it.each([
    ['Amina Wanjiru', 'name', 'Amina Wanjiru'],
    ['Amina Wanjiru', 'initials', 'A. W.'],
    ['Amina Wanjiru', 'anonymous', 'Anonymous'],
    ['amina', 'initials', 'A.'],
    ['Ana Maria de la Cruz', 'initials', 'A. M. D.'],
    ['  Zo\u00eb   \u00d8stby ', 'initials', 'Z. \u00d8.'],
    ['(Amina) "the Lucky"', 'initials', 'A. T. L.'],
    ['山田 太郎', 'initials', '山. 太.'],
    ['— 🎟', 'initials', 'Anonymous'],
  ] as const)('of %s, shown as %s, is %s', (name, winnerDisplay, shown) => {
    expect(displayName({ name, winnerDisplay })).toBe(shown)
  })
})
