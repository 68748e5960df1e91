/** Web addresses from clients, which the browsers of other people follow. */
import * as z from 'zod'

/** The address must literally begin like this, because parsers read addresses such as `https:host` in different ways. */
const SCHEME = 'https://'

/** `https://books.example@evil.example` shows one site and leads to another. */
function isPlain(text: string): boolean {
  if (!URL.canParse(text)) return true
  const { username, password } = new URL(text)
  return text.startsWith(SCHEME) && username === '' && password === ''
}

/** An https address without a user name and password. */
export const HttpsUrl = z
  .url({ protocol: /^https$/ })
  .max(2_048)
  .refine(isPlain, `must begin with ${SCHEME} and have no user name or password`)
