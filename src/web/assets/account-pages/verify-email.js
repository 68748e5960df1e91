/**
 * Confirms an address with the token from a mail. It needs the press of a button: mail scanners open links, some in a
 * full browser, and a token works once.
 */
import { callApi, failureOf } from './call-api.js'
import { emailFault, onSubmit, open, passwordFault, show, takeToken } from './page.js'

const token = takeToken()

onSubmit('confirm', {}, async () => {
  const { code } = await callApi('/auth/verify-email', { body: { token } })
  if (code === 'ok') return show('confirmed')
  if (code === 'validation_failed') return show('used')
  return failureOf(code)
})

// Another mail needs a login, and no other page may exist for it. So this form logs in, requests the mail and logs out.
onSubmit('renew', { email: emailFault, password: passwordFault }, async ({ email, password }) => {
  const login = await callApi('/auth/login', { body: { email, password } })
  if (login.code === 'unauthenticated') return { name: 'wrongLogin' }
  if (login.fields.includes('email')) return { field: 'email', name: 'emailWrong' }
  if (login.fields.includes('password')) return { name: 'wrongLogin' }
  if (login.code !== 'ok') return failureOf(login.code)
  const session = { token: login.body.access_token }
  const { code } = await callApi('/auth/verify-email/resend', session)
  // Not awaited: if the logout fails, nobody has the session's tokens, and it expires.
  callApi('/auth/logout', session)
  if (code === 'ok') return show('sent')
  if (code === 'invalid_state') return show('already')
  return failureOf(code)
})

open(token === null ? 'broken' : 'confirm')
