/**
 * Confirms an address by the token of a mail. A press of a button does it, not the opening of the page: programs that
 * look through mail open its links, some in a whole browser, and a token counts once.
 */
import { ask, failureOf } from './ask.js'
import { emailFault, onSubmit, open, passwordFault, show, takeToken } from './page.js'

const token = takeToken()

onSubmit('confirm', {}, async () => {
  const { code } = await ask('/verify-email', { body: { token } })
  if (code === 'ok') return show('confirmed')
  if (code === 'validation_failed') return show('used')
  return failureOf(code)
})

// Who asks for another mail must have logged in, and there may be no other page to do that on: log in, ask, log out.
onSubmit('renew', { email: emailFault, password: passwordFault }, async ({ email, password }) => {
  const login = await ask('/login', { body: { email, password } })
  if (login.code === 'unauthenticated') return { name: 'wrongLogin' }
  if (login.fields.includes('email')) return { field: 'email', name: 'emailWrong' }
  if (login.fields.includes('password')) return { name: 'wrongLogin' }
  if (login.code !== 'ok') return failureOf(login.code)
  const session = { token: login.body.access_token }
  const { code } = await ask('/verify-email/resend', session)
  // Nobody waits for it: a session that outlives this page is known to nobody, and ends by itself.
  ask('/logout', session)
  if (code === 'ok') return show('sent')
  if (code === 'invalid_state') return show('already')
  return failureOf(code)
})

open(token === null ? 'broken' : 'confirm')
