/** Login with OAuth 2's password grant: a form in, RFC 6749's own responses and errors out. */
import type { Next } from 'hono'
import * as z from 'zod'
import type { AppContext } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { clientNetwork } from '../core/rate-limit.ts'
import { describeForm } from '../core/validation.ts'
import { type LogIn, type OAuthError, PasswordGrant } from './contract.ts'
import { BODIES } from './examples.ts'
import { logIn } from './log-in.ts'

const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i
/** RFC 6749 §5.2: the characters that `error_description` must not contain. */
const FORBIDDEN_CHARACTERS = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g

/** Handles a form; passes every other body to the next handler. */
export const passwordGrant = describeForm(
  async function passwordGrant(c: AppContext, next: Next) {
    if (!FORM.test(c.req.header('content-type') ?? '')) return next()
    // `text()` of a form makes the platform log a warning.
    const fields = new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()))
    const read = readGrant(fields)
    if ('error' in read) return c.json(read, 400)
    try {
      return c.json(await logIn(c.get('ctx'), read, clientNetwork(c)))
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'unauthenticated') throw error
      return c.json(oauthError('invalid_grant', error.message), 400)
    }
  },
  PasswordGrant,
  BODIES.PasswordGrant,
)

function readGrant(fields: URLSearchParams): LogIn | OAuthError {
  const names = [...fields.keys()]
  // RFC 6749 §3.2: no parameter twice; a parameter without a value counts as left out.
  if (new Set(names).size < names.length) return oauthError('invalid_request', 'A parameter is sent twice.')
  const present = Object.fromEntries([...fields].filter(([, value]) => value !== ''))
  if (present.grant_type !== undefined && present.grant_type !== 'password') {
    return oauthError('unsupported_grant_type', 'The only grant_type here is password.')
  }
  const parsed = PasswordGrant.safeParse(present)
  if (!parsed.success) {
    const { fieldErrors } = z.flattenError(parsed.error)
    const complaints = Object.entries(fieldErrors).map(
      ([name, messages]) => `${name}: ${messages.join(', ')}`,
    )
    return oauthError('invalid_request', complaints.join('; '))
  }
  const { username: email, password, device_token } = parsed.data
  return { email, password, device_token }
}

const oauthError = (error: OAuthError['error'], description: string): OAuthError => ({
  error,
  error_description: description.replaceAll(FORBIDDEN_CHARACTERS, "'"),
})
