/** One form of text to search and sort by: without case, accents and punctuation, in any script. */

/** Latin letters whose stroke, hook or joining Unicode does not count as an accent, as CLDR's Latin-ASCII has them. */
const PLAIN = new Map(
  `æ:ae œ:oe ø:o đ:d ð:d þ:th ł:l ħ:h ŧ:t ƀ:b ɨ:i ʉ:u ƶ:z ǥ:g ĸ:q ŋ:ng ɲ:ny ə:e ǝ:e ɛ:e ɔ:o ɵ:o
  ɩ:i ʊ:u ʋ:v ɣ:g ʒ:z ɓ:b ɗ:d ɖ:d ƒ:f ɠ:g ƙ:k ƥ:p ƭ:t ƴ:y`
    .split(/\s+/)
    .map((pair) => pair.split(':') as [string, string]),
)
const PLAINABLE = new RegExp(`[${[...PLAIN.keys()].join('')}]`, 'gu')

/** Accents of Latin, Greek and Cyrillic, vowel points of Hebrew and Arabic. Elsewhere marks are vowels or other letters. */
const ACCENTS = /[[\p{M}&&[\p{Script=Inherited}\p{Script=Hebrew}\p{Script=Arabic}]]--[\u3099\u309a]]/gv

/** Characters that are not seen, the Arabic stretch and the Catalan dot. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u0640·]/gu

/** `L’Été` is found as `lete` and as `été`. */
const APOSTROPHES = /['’‘‛ʼʻʹ′`]/gu
/** Typed as an apostrophe. NFKD would make it a space with an accent. */
const ACUTE = '´'

/** What stands between words. `C#`, `R&B`, `100%`, `@handle` and `a_b` are words. */
const BETWEEN = /[[\p{P}\s]--[\#\&%\@_]]+/gv

/** Lower case by the rules of no language: `ß` is `ss`, `İ` and `ı` are `i`, and every sigma is the same. */
const caseFolded = (text: string): string =>
  text.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ')

/** Letters without their accents, in one case: `Łódź` → `lodz`, `Ёлка` → `елка`. Everything else stays. */
const bareLetters = (text: string): string =>
  caseFolded(text.normalize('NFKD').replaceAll(ACCENTS, '').replaceAll(UNSEEN, '')).replaceAll(
    PLAINABLE,
    (letter) => PLAIN.get(letter)!,
  )

/**
 * The words of a text, folded and joined by single spaces. A text of punctuation alone keeps it, so that it can be found.
 * If this function changes, a migration must set every column of folded text to null, and the sweep folds them again.
 */
export function fold(text: string): string {
  const bare = bareLetters(text.normalize('NFC').replaceAll(ACUTE, '')).replaceAll(APOSTROPHES, '')
  const words = bare.replaceAll(BETWEEN, ' ').trim()
  return (words === '' ? bare.replaceAll(/\s+/g, ' ').trim() : words).normalize('NFC')
}

/** Latin letters as plain ones, in lower case. Other scripts keep their accents, which decide how they are transliterated. */
export const plainLatin = (text: string): string =>
  text
    .normalize('NFC')
    .replaceAll(UNSEEN, '')
    .replaceAll(/\p{Script=Latin}/gu, (letter) => bareLetters(letter))
