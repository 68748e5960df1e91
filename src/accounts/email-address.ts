/** E-mail addresses: which are accepted, and the one form in which each is stored, compared and written to. */
import { domainToASCII } from 'node:url'
import isEmail from 'validator/lib/isEmail.js'

/** Printable ASCII: mail servers that take another local part are rare, and a mail to any other would be lost. */
const ASCII = /^[\x21-\x7e]+$/

/** No character that would end the name of a host in a URL: the platform converts domains as URLs have them. */
const HOST = /^[^\s/?#@:%\\[\]]+$/

/**
 * The stored form: in lower case, the domain in ASCII (`bücher.example` → `xn--bcher-kva.example`), so that one mailbox is
 * one account. The text itself if it is not an address.
 */
export function toStoredAddress(text: string): string {
  const at = text.lastIndexOf('@')
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)]
  // Checked before the case is lowered: the Kelvin sign in lower case is the letter k, of somebody else's address.
  if (!ASCII.test(local) || !HOST.test(domain)) return text
  return `${local.toLowerCase()}@${domainToASCII(domain)}`
}

/**
 * Whether it is an address in the stored form: RFC 5321 with a dot-atom before the @ and a host name of at least two
 * labels after it. Quoted local parts (`"a b"@example.com`) are not accepted, nor are addresses of hosts in brackets.
 */
export const isStoredAddress = (text: string): boolean =>
  ASCII.test(text) && !text.startsWith('"') && isEmail(text)
