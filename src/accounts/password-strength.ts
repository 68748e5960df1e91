/** Refuses a new password that is easy to guess, by zxcvbn's estimate. The list of common ones is a static asset. */
import type { ZxcvbnFactory } from '@zxcvbn-ts/core'
import type { Ctx } from '../core/context.ts'
import { invalid } from '../core/errors.ts'
import { lazy } from '../core/lazy.ts'
import { inOneForm } from './password.ts'

/** At one guess a second, this many take three years. */
const MIN_GUESSES = 10 ** 8
/** The work grows with the square of the length: this many characters take at most 40 ms. */
const MAX_JUDGED_LENGTH = 64
/** Shorter parts of a name or address are in too many passwords by chance. */
const MIN_OWN_WORD_LENGTH = 3
const SITE_NAME = 'tombola'

/** Why a password is refused. The page that sets a new password shows each reason in the reader's language. */
export const WEAKNESSES = {
  email: 'must not be the e-mail address',
  common: 'is too easy to guess: it is close to a common password',
  repeat: 'is too easy to guess: it repeats itself',
  sequence: 'is too easy to guess: it is a sequence or a row of keys',
  own: 'is too easy to guess: it is close to your name, your e-mail address or the name of this site',
  date: 'is too easy to guess: it is made of dates',
  short: 'is too easy to guess: add a few words',
}
type Weakness = keyof typeof WEAKNESSES

/** The warnings of zxcvbn. A password with no warning, or another one, is `short`. */
const OF_WARNING: Record<string, Weakness> = {
  topTen: 'common',
  topHundred: 'common',
  common: 'common',
  similarToCommon: 'common',
  simpleRepeat: 'repeat',
  extendedRepeat: 'repeat',
  sequences: 'sequence',
  straightRow: 'sequence',
  keyPattern: 'sequence',
  userInputs: 'own',
  dates: 'date',
  recentYears: 'date',
}

/** Throws 422 at `path`. The schema checks the length. */
export async function refuseWeakPassword(
  ctx: Ctx,
  path: string,
  password: string,
  user: { email: string; name: string },
): Promise<void> {
  const text = inOneForm(password)
  if (text.trim().toLowerCase() === user.email) throw invalid(path, WEAKNESSES.email)
  // Two requests may both load it. Both get the same one, and either may be kept.
  estimator ??= await loadEstimator(ctx)
  // Spaces at the ends would hide a common password; only a password of nothing else is judged with them.
  const { guesses, feedback } = estimator.check(text.trim() || text, ownWords(user))
  if (guesses < MIN_GUESSES) throw invalid(path, WEAKNESSES[OF_WARNING[feedback.warning ?? ''] ?? 'short'])
}

export const loadZxcvbn = lazy(() => import('@zxcvbn-ts/core'))

let estimator: ZxcvbnFactory | undefined

/** Loaded at the first use, so that the worker's start does not pay for it. */
async function loadEstimator(ctx: Ctx): Promise<ZxcvbnFactory> {
  const url = new URL('/common-passwords.json', ctx.settings.PUBLIC_ORIGIN)
  const response = await ctx.env.ASSETS.fetch(url)
  if (!response.ok) throw new Error(`The list of common passwords cannot be read: ${response.status}`)
  const { passwords, keyboards } = await response.json<{
    passwords: string[]
    keyboards: Record<string, Record<string, (string | null)[]>>
  }>()
  const { ZxcvbnFactory } = await loadZxcvbn()
  return new ZxcvbnFactory({ dictionary: { passwords }, graphs: keyboards, maxLength: MAX_JUDGED_LENGTH })
}

function ownWords({ email, name }: { email: string; name: string }): string[] {
  const texts = [email, email.split('@')[0]!, inOneForm(name)]
  const parts = texts.map((text) => text.split(/[^\p{L}\p{N}]+/u))
  const joined = parts.map((each) => each.join(''))
  return [SITE_NAME, ...texts, ...joined, ...parts.flat()].filter(
    ({ length }) => length >= MIN_OWN_WORD_LENGTH,
  )
}
