/**
 * Addresses that this worker itself fetches for somebody. They lead to public hosts only, so that nobody can reach a private
 * network through the worker. What names resolve to is the platform's concern: see decision 42.
 */
import * as z from 'zod'

const SCHEME = 'https://'
export const MAX_ADDRESS = 2_048

/** Two labels at least. The last one has letters only, so no notation of an IPv4 address matches. Brackets (IPv6) do not either. */
const PUBLIC_NAME =
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{2,63}|xn--[a-z0-9-]{1,58}[a-z0-9])$/

/** Last labels that no public host has: RFC 6761, 6762, 7686, 8375 and 9476, and names that ICANN keeps for private use. */
const NEVER_PUBLIC = new Set([
  'alt',
  'arpa',
  'corp',
  'home',
  'internal',
  'intranet',
  'invalid',
  'lan',
  'local',
  'localdomain',
  'localhost',
  'mail',
  'onion',
  'private',
  'test',
])

/** Characters that a parser of addresses removes or reads as a slash. */
const MISREAD = /[\s\\\p{Cc}]/u

/** Why the worker must not fetch an address; null: it may. */
export function whyNotPublic(text: string): string | null {
  if (text.length > MAX_ADDRESS) return `must have at most ${MAX_ADDRESS} characters`
  if (!text.startsWith(SCHEME) || MISREAD.test(text) || !URL.canParse(text)) {
    return `must be an address that begins with ${SCHEME}`
  }
  const { hostname, hash } = new URL(text)
  // What was written must be the host itself. So it has no user name, no port, and no other spelling that a parser changes.
  const written = text.slice(SCHEME.length).split(/[/?#]/, 1)[0]!.toLowerCase()
  if (written !== hostname || !PUBLIC_NAME.test(hostname)) {
    return 'must have the name of a public host, in ASCII, without user name and port'
  }
  if (NEVER_PUBLIC.has(hostname.slice(hostname.lastIndexOf('.') + 1)))
    return 'must not lead to a private host'
  if (hash !== '') return 'must not have a part after #'
  return null
}

/** An https address of a public host. `filled` gives the address that is fetched, if the text has blanks. */
export const PublicHttpsUrl = (filled: (text: string) => string = (text) => text) =>
  z.string().superRefine((text, issues) => {
    const why = whyNotPublic(filled(text))
    if (why !== null) issues.addIssue({ code: 'custom', message: why })
  })
