// Membership as people get it: one invites, the other accepts.
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import { call } from './client.ts'
import { type Person, withUserToken } from './people.ts'

/** Makes a user who has proved the address. */
export const prove = ({ id }: Pick<Person, 'id'>): Promise<unknown> =>
  env.DB.prepare('UPDATE users SET email_verified_at = ? WHERE id = ?').bind(Date.now(), id).run()

/** `inviter` invites the person, who accepts, signed in with a proved address. */
export async function inviteAndJoin(
  inviter: Pick<Person, 'id'>,
  organisationId: string,
  person: Pick<Person, 'id' | 'email'>,
): Promise<void> {
  const invited = await call('POST', `/api/v1/organisations/${organisationId}/invitations`, {
    token: await withUserToken(inviter.id),
    body: { email: person.email, role: 'operator' },
  })
  expect(invited.status, JSON.stringify(invited.body)).toBe(201)
  await prove(person)
  const accepted = await call('POST', `/api/v1/users/me/invitations/${invited.body.id}/accept`, {
    token: await withUserToken(person.id),
  })
  expect(accepted.status, JSON.stringify(accepted.body)).toBe(200)
}
