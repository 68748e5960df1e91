/** Other spellings of a text in base64url. A lenient reader accepts them, so one token would have several texts. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Texts that decode to the same bytes as `text`. Its length leaves two bits of the last character without a meaning. */
export function respellings(text: string): string[] {
  if (text.length % 4 !== 3) throw new RangeError('the last character of this text has no stray bits')
  const last = ALPHABET.indexOf(text.at(-1)!)
  const strayBits = [1, 2, 3].map((bits) => text.slice(0, -1) + ALPHABET[last + bits])
  return [...strayBits, `${text}=`]
}
