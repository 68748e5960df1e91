// Folded text: what is written there is found, however its case, accents and punctuation are typed.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold } from '../../src/core/fold.ts'

describe('folded text', () => {
  it.each([
    ['Müller-Özdemir', 'muller ozdemir'],
    ['Нью-Йорк', 'нью иорк'],
    ['L’Été', 'lete'],
    ['«Ёлка»', 'елка'],
    ['İstanbul ISPARTA ısparta', 'istanbul isparta isparta'],
    ['Straße STRASSE STRAẞE', 'strasse strasse strasse'],
    ['Éclipse, E\u0301clipse', 'eclipse eclipse'],
    ['Łódź Đà Nẵng Ærø Þór', 'lodz da nang aero thor'],
    ['Ƙarfin ɓauna Ŋutor', 'karfin bauna ngutor'],
    ['ΟΔΟΣ Ὀδυσσεύς', 'οδοσ οδυσσευσ'],
    ['أَحْمَد الـقـاهرة', 'احمد القاهرة'],
    ['שָׁלוֹם', 'שלום'],
    ['ＡＢＣ ﬁn', 'abc fin'],
    ['col·lecció', 'colleccio'],
    ["O'Brien’s", 'obriens'],
    ['a\u00adb\u200dc', 'abc'],
    ['C++ C# R&B 100% a_b', 'c++ c# r&b 100% a_b'],
    ['(Dr. Seuss)—one/two', 'dr seuss one two'],
    ['!!!', '!!!'],
    ['  ', ''],
  ])('of %j is %j', (text, folded) => {
    expect(fold(text)).toBe(folded)
  })

  it('keeps marks that are vowels or make another letter', () => {
    for (const text of ['किताब', 'หนังสือ', 'が', '한글']) expect(fold(text)).toBe(text.normalize('NFC'))
    expect(fold('が')).not.toBe(fold('か'))
  })

  it('is the same for every case and normal form, and folding it again changes nothing', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 30 })
    fc.assert(
      fc.property(text, (written) => {
        const folded = fold(written)
        expect(fold(written.normalize('NFD'))).toBe(folded)
        expect(fold(written.normalize('NFC'))).toBe(folded)
        expect(fold(folded)).toBe(folded)
        expect(folded).toBe(folded.trim())
        expect(folded).not.toMatch(/\s\s/)
      }),
    )
  })

  it('has the words of its parts in any order', () => {
    const word = fc.stringMatching(/^[\p{L}\p{N}]{1,8}$/u)
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const folded = fold(words.join(' – '))
        for (const each of words) for (const part of fold(each).split(' ')) expect(folded).toContain(part)
      }),
    )
  })
})
