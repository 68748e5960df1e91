/** Reads ISBNs as they are printed and typed, and gives each the one form that is stored: thirteen digits. */
import isISBN from 'validator/lib/isISBN.js'

const PREFIX_OF_ISBN_10 = '978'
const DIGITS = [...'0123456789']

/** The ISBN-13 of an ISBN-10 or ISBN-13, whatever its hyphens and spaces; null if its check digit is wrong. */
export function toIsbn13(text: string): string | null {
  const isbn = text.replaceAll(/[\p{Pd}\s]/gu, '').toUpperCase()
  if (isISBN(isbn, 13)) return /^97[89]/.test(isbn) ? isbn : null
  if (!isISBN(isbn, 10)) return null
  // The check digits of the two are calculated in different ways.
  const stem = PREFIX_OF_ISBN_10 + isbn.slice(0, -1)
  return stem + DIGITS.find((check) => isISBN(stem + check, 13))!
}

/** The text with its ISBNs in the stored form, so that they are found. */
export const withIsbn13 = (text: string): string =>
  text.replaceAll(/(?<!\d)\d[\d\p{Pd}\s]{8,20}[\dXx](?![\dXx])/gu, (isbn) => toIsbn13(isbn) ?? isbn)
