/** Examples of accounts for the API document. */
import type { Member, Organisation, Tokens, User } from './contract.ts'

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

export const EXAMPLE_TOKENS: Tokens = {
  access_token: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyXzAx….c2lnbmF0dXJl',
  token_type: 'Bearer',
  expires_in: 900,
  refresh_token: 'uW0c3Jv8Qm1xT5nYb7Lr2pKd9sZf4HgEa6VtXiOqNwRlCkMjBhUyGzDoPeFxSvAn',
}

export const EXAMPLE_ORGANISATION: Organisation = {
  id: 'org_01kaf1r2m4e8prtv6x0a9c3d7h',
  slug: 'nairobi-book-fair',
  name: 'Nairobi Book Fair',
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
