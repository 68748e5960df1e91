/** ISBN-13: hyphens and spaces are only for the eye, and the last digit checks the others. */

const MODULUS = 10
/** Weights alternate from the first digit on. */
const ODD_WEIGHT = 3

/** The thirteen digits alone. */
export const toIsbn13 = (text: string): string => text.replaceAll(/[- ]/g, '')

/** Whether these are thirteen digits of a book whose last one is right. */
export function isIsbn13(digits: string): boolean {
  if (!/^97[89]\d{10}$/.test(digits)) return false
  const sum = [...digits].reduce(
    (total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 1 : ODD_WEIGHT),
    0,
  )
  return sum % MODULUS === 0
}
