/** Sets a new password with the token from a mail. Without a valid token, it offers to send that mail. */
import { callApi, failureOf } from './call-api.js'
import { card, emailFault, onSubmit, open, setText, show, takeToken } from './page.js'

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

const token = takeToken()

function lengthFault({ length }) {
  if (length < MIN_PASSWORD_LENGTH) return 'passwordTooShort'
  return length > MAX_PASSWORD_LENGTH ? 'passwordTooLong' : undefined
}

onSubmit('choose', { password: lengthFault }, async ({ password }) => {
  const { code, body } = await callApi('/reset', { body: { token, password } })
  if (code === 'ok') return show('changed')
  const refusal = body?.errors?.find(({ path }) => path === 'password')
  if (refusal) return { field: 'password', name: WEAKNESSES[refusal.message] ?? 'passwordWeak' }
  if (code !== 'validation_failed') return failureOf(code)
  setText(card('forgot').querySelector('h1'), 'usedTitle')
  setText(card('forgot').querySelector('.why'), 'usedResetText')
  return show('forgot')
})

onSubmit('forgot', { email: emailFault }, async ({ email }) => {
  const { code, fields } = await callApi('/forgot', { body: { email } })
  if (fields.includes('email')) return { field: 'email', name: 'emailWrong' }
  if (code !== 'ok') return failureOf(code)
  card('sent').querySelector('.address').textContent = email
  return show('sent')
})

const password = card('password')
const hint = card('password-hint')
password.addEventListener('input', () => {
  hint.classList.toggle('met', lengthFault(password.value) === undefined)
})

open(token === null ? 'forgot' : 'choose')
