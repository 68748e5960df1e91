/** Examples for the API document. */
import { EXAMPLE_ORGANISATION as ORGANISATION } from '../core/examples.ts'
import type { Member, Organisation, Registration, SignedIn, Tokens, User } from './contract.ts'

export const EXAMPLE_USER: User = {
  id: 'user_01kaf1q7v8fmk9m2q0c8w1g6ne',
  email: 'amina@example.com',
  emailVerified: true,
  name: 'Amina Wanjiru',
  phone: '+254712345678',
  language: 'en',
  role: 'user',
  status: 'active',
  winnerDisplay: 'initials',
  createdAt: '2026-11-20T17:00:00.000Z',
  updatedAt: '2026-11-20T17:00:00.000Z',
}

export const EXAMPLE_REGISTRATION: Registration = {
  email: EXAMPLE_USER.email,
  name: EXAMPLE_USER.name,
  phone: EXAMPLE_USER.phone,
  language: EXAMPLE_USER.language,
  message: 'A mail is on its way to this address.',
}

export const EXAMPLE_TOKENS: Tokens = {
  access_token: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyXzAxIn0.c2lnbmF0dXJl',
  token_type: 'Bearer',
  expires_in: 900,
  refresh_token: 'uW0c3Jv8Qm1xT5nYb7Lr2pKd9sZf4HgEa6VtXiOqNwRlCkMjBhUyGzDoPeFxSvAn',
}

export const EXAMPLE_SIGNED_IN: SignedIn = {
  ...EXAMPLE_TOKENS,
  device_token: 'kV3xq0Zr9TtB5cW1nYsL7g.1796230800000.q3Jv8Qm1xT5nYb7Lr2pKd9sZf4HgEa6VtXiOqNwRlCk',
}

export const EXAMPLE_ORGANISATION: Organisation = {
  ...ORGANISATION,
  pricedSales: true,
  createdAt: '2026-11-20T17:00:00.000Z',
  updatedAt: '2026-11-20T17:00:00.000Z',
}

export const EXAMPLE_MEMBER: Member = {
  userId: 'user_01kaf1q7v8fmk9m2q0c8w1g6ne',
  name: 'Amina Wanjiru',
  email: 'amina@example.com',
  role: 'operator',
  createdAt: '2026-11-20T17:00:00.000Z',
}

const PASSWORD = 'three matatus to town'
/** An account of the demo, so that the first thing to try works there. */
const DEMO_PLAYER = { email: 'player@tombola.example', password: 'tombola-demo-2026' }
export const MAILED_TOKEN = 'q3Jv8Qm1xT5nYb7Lr2pKd9sZf4HgEa6VtXiOqNwRlCk'
const { email, name, phone, language } = EXAMPLE_USER

/** Example request bodies, by the names of their schemas. */
export const BODIES = {
  RegisterUser: { email, password: PASSWORD, name, phone, language },
  LogIn: DEMO_PLAYER,
  PasswordGrant: { grant_type: 'password', username: DEMO_PLAYER.email, password: DEMO_PLAYER.password },
  RefreshSession: { refresh_token: EXAMPLE_TOKENS.refresh_token },
  ChangePassword: { currentPassword: PASSWORD, newPassword: 'four matatus and a walk' },
  VerifyEmail: { token: MAILED_TOKEN },
  ForgotPassword: { email },
  ResetPassword: { token: MAILED_TOKEN, password: 'four matatus and a walk' },
  UpdateUser: { phone, winnerDisplay: EXAMPLE_USER.winnerDisplay, language },
  SetUserStatus: { status: 'suspended' },
  SetPricedSales: { approved: true },
  CreateOrganisation: { name: EXAMPLE_ORGANISATION.name },
}
