/** Sets a new password with the token from a mail. Without a valid token, it offers to send that mail. */
import { callApi, failureOf } from './call-api.js'
import { lengthFault, showLength, weaknessIn } from './new-password.js'
import { card, emailFault, onSubmit, open, setText, show, takeToken } from './page.js'

const token = takeToken()

onSubmit('choose', { password: lengthFault }, async ({ password }) => {
  const { code, body } = await callApi('/auth/reset', { body: { token, password } })
  if (code === 'ok') return show('changed')
  const weakness = weaknessIn(body)
  if (weakness) return { field: 'password', name: weakness }
  if (code !== 'validation_failed') return failureOf(code)
  setText(card('forgot').querySelector('h1'), 'usedTitle')
  setText(card('forgot').querySelector('.why'), 'usedResetText')
  return show('forgot')
})

onSubmit('forgot', { email: emailFault }, async ({ email }) => {
  const { code, fields } = await callApi('/auth/forgot', { body: { email } })
  if (fields.includes('email')) return { field: 'email', name: 'emailWrong' }
  if (code !== 'ok') return failureOf(code)
  card('sent').querySelector('.address').textContent = email
  return show('sent')
})

showLength('password')

open(token === null ? 'forgot' : 'choose')
