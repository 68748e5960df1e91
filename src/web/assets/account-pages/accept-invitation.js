/** Accepts an invitation with the token from its mail: signs in with the invited address, or registers it, then accepts. */
import { callApi, failureOf } from './call-api.js'
import { lengthFault, showLength, weaknessIn } from './new-password.js'
import { card, emailFault, language, onSubmit, open, passwordFault, show, takeToken } from './page.js'

const MAX_NAME_LENGTH = 100

const token = takeToken()

function nameFault(value) {
  return /[\p{L}\p{N}]/u.test(value) && value.trim().length <= MAX_NAME_LENGTH ? undefined : 'nameWrong'
}

onSubmit('invitation', { email: emailFault, password: passwordFault }, async ({ email, password }) => {
  const login = await callApi('/auth/login', { body: { email, password } })
  if (login.fields.includes('email')) return { field: 'email', name: 'emailWrong' }
  if (isWrong(login)) return { name: 'wrongLogin' }
  return login.code === 'ok' ? accept(login) : failureOf(login.code)
})

onSubmit(
  'register',
  { newName: nameFault, newEmail: emailFault, newPassword: lengthFault },
  async ({ newName: name, newEmail: email, newPassword: password }) => {
    const { code, fields, body } = await callApi('/auth/register', {
      body: { name, email, password, language },
    })
    if (fields.includes('name')) return { field: 'newName', name: 'nameWrong' }
    if (fields.includes('email')) return { field: 'newEmail', name: 'emailWrong' }
    const weakness = weaknessIn(body)
    if (weakness) return { field: 'newPassword', name: weakness }
    if (code !== 'ok') return failureOf(code)
    // The answer does not tell whether the address was free. The owner of a taken one gets a mail.
    const login = await callApi('/auth/login', { body: { email, password } })
    if (isWrong(login)) return { name: 'registerFailed' }
    return login.code === 'ok' ? accept(login) : failureOf(login.code)
  },
)

const isWrong = ({ code, fields }) => code === 'unauthenticated' || fields.includes('password')

async function accept(login) {
  const session = { token: login.body.access_token }
  const { code, body } = await callApi('/invitations/accept', { ...session, body: { token } })
  // Not awaited: if the logout fails, nobody has the session's tokens, and it expires.
  callApi('/auth/logout', session)
  if (code === 'forbidden') return { name: 'inviteOther' }
  if (code === 'limit_reached') return { name: 'inviteFull' }
  if (code === 'invalid_state') return { name: 'inviteTickets' }
  if (code === 'validation_failed') return show('used')
  if (code !== 'ok') return failureOf(code)
  card('joined').querySelector('.address').textContent = body.name
  return show('joined')
}

showLength('newPassword')

open(token === null ? 'broken' : 'invitation')
