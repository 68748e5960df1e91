/** Reads and checks ISBN-13: hyphens and spaces are ignored, and the last digit is the check digit. */

const MODULUS = 10
/** Weights are 1 and 3 in turn. */
const SECOND_WEIGHT = 3

/** Removes hyphens and spaces. */
export const toIsbn13 = (text: string): string => text.replaceAll(/[- ]/g, '')

/** Whether `digits` are thirteen digits of a book with a valid check digit. */
export function isIsbn13(digits: string): boolean {
  if (!/^97[89]\d{10}$/.test(digits)) return false
  const sum = [...digits].reduce(
    (total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 1 : SECOND_WEIGHT),
    0,
  )
  return sum % MODULUS === 0
}
