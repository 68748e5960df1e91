/** What the forms that set a password share: its length, and the API's reasons to refuse it. */
import { card } from './page.js'

const MIN_PASSWORD_LENGTH = 12
const MAX_PASSWORD_LENGTH = 128

/** The API's reasons to refuse a password, and the words for each. */
const WEAKNESSES = {
  'must not be the e-mail address': 'passwordIsEmail',
  'is too easy to guess: it is close to a common password': 'passwordCommon',
  'is too easy to guess: it repeats itself': 'passwordRepeats',
  'is too easy to guess: it is a sequence or a row of keys': 'passwordSequence',
  'is too easy to guess: it is close to your name, your e-mail address or the name of this site':
    'passwordOwn',
  'is too easy to guess: it is made of dates': 'passwordDates',
  'is too easy to guess: add a few words': 'passwordWeak',
}

export function lengthFault({ length }) {
  if (length < MIN_PASSWORD_LENGTH) return 'passwordTooShort'
  return length > MAX_PASSWORD_LENGTH ? 'passwordTooLong' : undefined
}

/** The words for the reason in an answer that refuses the password; undefined if it does not. */
export function weaknessIn(answer) {
  const refusal = answer?.errors?.find(({ path }) => path === 'password')
  return refusal && (WEAKNESSES[refusal.message] ?? 'passwordWeak')
}

/** Marks the hint of a field once what is typed is long enough. */
export function showLength(field) {
  const input = card(field)
  const hint = card(`${field}-hint`)
  input.addEventListener('input', () => {
    hint.classList.toggle('met', lengthFault(input.value) === undefined)
  })
}
