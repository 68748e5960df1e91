/** Routes under /api/v1/auth: register, log in, refresh, log out, change or reset a password, verify an address. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe } from '../core/openapi.ts'
import { actorKey, clientNetwork, rateLimit } from '../core/rate-limit.ts'
import { validate } from '../core/validation.ts'
import { changePassword } from './change-password.ts'
import {
  ChangePassword,
  ForgotPassword,
  LogIn,
  OAuthError,
  RefreshSession,
  RegisterUser,
  Registration,
  ResetPassword,
  SignedIn,
  Tokens,
  VerifyEmail,
} from './contract.ts'
import { BODIES, EXAMPLE_REGISTRATION, EXAMPLE_SIGNED_IN, EXAMPLE_TOKENS } from './examples.ts'
import { forgotPassword } from './forgot-password.ts'
import { logIn } from './log-in.ts'
import { logOut } from './log-out.ts'
import type { WithNewPassword } from './new-password.ts'
import { passwordGrant } from './password-grant.ts'
import { refreshSession } from './refresh-session.ts'
import { registerUser } from './register-user.ts'
import { resetPassword } from './reset-password.ts'
import { type AfterVerified, resendVerification, verifyEmail } from './verify-email.ts'

const TAG = 'Signing in'

export interface AuthHooks {
  /** Runs after a user has verified an address. */
  afterVerified: AfterVerified
  withNewPassword: WithNewPassword
}

export const authRoutes = ({ afterVerified, withNewPassword }: AuthHooks) =>
  new Hono<AppEnv>()
    .post(
      '/register',
      describe({
        operation: 'registerUser',
        isDiscreet: true,
        summary: 'Register',
        description:
          'Creates a user and sends a mail to verify the address. The answer does not tell whether the address has an account already. If it has one, that account does not change. Its owner gets a mail, at most one an hour. Only a login tells: with the new password it works if the address was free. A password has 12 to 128 characters and must not be easy to guess. The error says why it is: it is close to a common password, to the name or to the address, it repeats itself, it is a sequence, or it is made of dates.',
        tag: TAG,
        auth: 'none',
        success: {
          status: 201,
          schema: Registration,
          example: EXAMPLE_REGISTRATION,
          description: 'What was asked. The account is at `GET /users/me` after the login.',
        },
        limits: ['RATE_REGISTER'],
        errors: BODY_ERRORS,
      }),
      rateLimit('RATE_REGISTER', clientNetwork),
      validate('json', RegisterUser, BODIES.RegisterUser),
      async (c) => {
        const registration = await registerUser(c.get('ctx'), c.req.valid('json'))
        c.header('location', '/api/v1/users/me')
        return c.json(registration, 201)
      },
    )
    .post(
      '/login',
      describe({
        operation: 'logIn',
        isDiscreet: true,
        summary: 'Log in',
        description:
          'Accepts JSON, or the form of an OAuth 2 password grant (RFC 6749 §4.3). Errors of a form follow that standard. Keep the `device_token` of the response, also after a logout, and send it with the next login to the same address. A known device is counted by itself. So wrong passwords from elsewhere never lock it out.',
        tag: TAG,
        auth: 'none',
        success: {
          status: 200,
          schema: SignedIn,
          example: EXAMPLE_SIGNED_IN,
          description:
            'A short-lived access token, a refresh token for the next one, and a token that identifies the device.',
        },
        limits: ['RATE_SIGN_IN', 'RATE_SIGN_IN_TOTAL'],
        errors: [...BODY_ERRORS, 'unauthenticated'],
        foreign: {
          status: 400,
          schema: OAuthError,
          example: {
            error: 'invalid_grant',
            error_description: 'The e-mail address or the password is wrong.',
          },
          description: 'For a form: `invalid_request`, `invalid_grant` or `unsupported_grant_type`',
        },
      }),
      passwordGrant,
      validate('json', LogIn, BODIES.LogIn),
      async (c) => c.json(await logIn(c.get('ctx'), c.req.valid('json'), clientNetwork(c))),
    )
    .post(
      '/refresh',
      describe({
        operation: 'refreshSession',
        summary: 'Refresh the access token',
        description:
          'A refresh token works once. A repeat within 30 seconds returns the same next refresh token, as long as that one is unused: so a lost answer or two tabs do no harm. Any other second use means that two clients have it, so the whole session ends.',
        tag: TAG,
        auth: 'none',
        success: {
          status: 200,
          schema: Tokens,
          example: EXAMPLE_TOKENS,
          description: 'The next pair of tokens.',
        },
        errors: [...BODY_ERRORS, 'unauthenticated'],
      }),
      validate('json', RefreshSession, BODIES.RefreshSession),
      async (c) => c.json(await refreshSession(c.get('ctx'), c.req.valid('json').refresh_token)),
    )
    .post(
      '/logout',
      describe({
        operation: 'logOut',
        summary: 'Log out',
        description: 'Ends the session. Its access token and its refresh token are refused within a second.',
        tag: TAG,
        auth: 'user',
        success: { status: 204, description: 'Logged out.' },
      }),
      async (c) => {
        await logOut(c.get('ctx'))
        return c.body(null, 204)
      },
    )
    .post(
      '/password',
      describe({
        operation: 'changePassword',
        summary: 'Change the password',
        description: 'Ends every other session of the user. The new password must not be easy to guess.',
        tag: TAG,
        auth: 'user',
        success: { status: 204, description: 'The new password is set.' },
        limits: ['RATE_SIGN_IN'],
        errors: [...BODY_ERRORS, 'conflict'],
      }),
      validate('json', ChangePassword, BODIES.ChangePassword),
      async (c) => {
        await changePassword(c.get('ctx'), c.req.valid('json'), withNewPassword)
        return c.body(null, 204)
      },
    )
    .post(
      '/verify-email',
      describe({
        operation: 'verifyEmail',
        summary: 'Verify your e-mail address',
        description: 'Send the token from the mail that follows registration. It works once, for three days.',
        tag: TAG,
        auth: 'none',
        success: { status: 204, description: 'The address is verified.' },
        limits: ['RATE_SIGN_IN'],
        errors: BODY_ERRORS,
      }),
      rateLimit('RATE_SIGN_IN', (c) => `token:${clientNetwork(c)}`),
      validate('json', VerifyEmail, BODIES.VerifyEmail),
      async (c) => {
        await verifyEmail(c.get('ctx'), c.req.valid('json').token, afterVerified)
        return c.body(null, 204)
      },
    )
    .post(
      '/verify-email/resend',
      describe({
        operation: 'resendVerification',
        isDiscreet: true,
        summary: 'Send the verification mail again',
        description: 'Sends at most one mail a minute, and after five within a day one an hour.',
        tag: TAG,
        auth: 'user',
        success: { status: 204, description: 'The mail is on its way.' },
        limits: ['RATE_SIGN_IN'],
        errors: ['invalid_state'],
      }),
      rateLimit('RATE_SIGN_IN', (c) => `resend:${actorKey(c)}`),
      async (c) => {
        await resendVerification(c.get('ctx'))
        return c.body(null, 204)
      },
    )
    .post(
      '/forgot',
      describe({
        operation: 'forgotPassword',
        isDiscreet: true,
        summary: 'Request a mail to reset the password',
        description:
          'The response is the same whether or not a user has the address. Sends at most one mail a minute, and after five within a day one an hour.',
        tag: TAG,
        auth: 'none',
        success: { status: 204, description: 'If a user has the address, a mail is on its way.' },
        limits: ['RATE_REGISTER'],
        errors: BODY_ERRORS,
      }),
      rateLimit('RATE_REGISTER', (c) => `forgot:${clientNetwork(c)}`),
      validate('json', ForgotPassword, BODIES.ForgotPassword),
      async (c) => {
        await forgotPassword(c.get('ctx'), c.req.valid('json').email)
        return c.body(null, 204)
      },
    )
    .post(
      '/reset',
      describe({
        operation: 'resetPassword',
        summary: 'Set a new password with the token from a mail',
        description:
          'The token works once, for an hour. Every session of the user ends. The password must not be easy to guess.',
        tag: TAG,
        auth: 'none',
        success: { status: 204, description: 'The new password is set.' },
        limits: ['RATE_SIGN_IN'],
        errors: BODY_ERRORS,
      }),
      rateLimit('RATE_SIGN_IN', (c) => `token:${clientNetwork(c)}`),
      validate('json', ResetPassword, BODIES.ResetPassword),
      async (c) => {
        await resetPassword(c.get('ctx'), c.req.valid('json'), withNewPassword)
        return c.body(null, 204)
      },
    )
