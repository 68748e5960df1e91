/** Words as the index knows them, and the expressions of SQLite's FTS5 that look for them. Pure. */
import { fold } from '../core/fold.ts'

/** These scripts have no spaces between words, so each of their letters is a word, and a word of a query is a phrase. */
const UNSPACED =
  /(?:\p{scx=Han}|\p{scx=Hiragana}|\p{scx=Katakana}|\p{Script=Thai}|\p{Script=Lao}|\p{Script=Khmer}|\p{Script=Myanmar})\p{M}*/gu

const CONTROL = /\p{Cc}/gu

/** The most words of a query that count. */
export const MOST_WORDS = 8
/** The most letters of an unspaced word of a query that count. */
const MOST_LETTERS = 40

const split = (text: string): string[] => text.split(' ').filter((word) => word !== '')

/** The words of a text, one after the other. */
export const wordsOf = (text: string): string[] =>
  split(fold(text.replaceAll(CONTROL, ' ')).replaceAll(UNSPACED, ' $& '))

/** A text as the index stores it. */
export const indexed = (...texts: (string | null)[]): string =>
  texts.flatMap((text) => (text === null ? [] : wordsOf(text))).join(' ')

/** What a query looks for: phrases that must all occur. Each is one word, unless its script has no spaces. */
export const phrasesOf = (query: string): string[][] =>
  split(fold(query.replaceAll(CONTROL, ' ')))
    .slice(0, MOST_WORDS)
    .map((word) => wordsOf(word).slice(0, MOST_LETTERS))
    .filter((phrase) => phrase.length > 0)

/** A text that FTS5 takes as one string, whatever is in it. */
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`

/** A single letter would match almost everything as the beginning of a word. */
const isPrefix = (word: string): boolean => word.replace(UNSPACED, '') !== '' && [...word].length > 1

/** The last word of a phrase may be the beginning of one. */
const phraseIn = (phrase: readonly string[]): string =>
  `${quoted(phrase.join(' '))}${isPrefix(phrase.at(-1)!) ? ' *' : ''}`

/** All phrases, each in any of these columns. */
export const allIn = (columns: string, phrases: readonly string[][]): string =>
  `{${columns}} : (${phrases.map(phraseIn).join(' AND ')})`

/** Whether a document has the marks: all of them, or any. See `marks.ts`. */
export const marked = (marks: readonly string[], how: 'AND' | 'OR'): string =>
  `{marks} : (${marks.map(quoted).join(` ${how} `)})`

/** The columns that a query's words are looked for in. */
export const TEXT_COLUMNS = 'title names place body'
