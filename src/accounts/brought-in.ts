/** Who brought whom into an organisation, in however many steps. */
import { type SQL, sql } from 'drizzle-orm'
import { invitations, members } from './schema.ts'

/**
 * Whether `inviterId` invited the person, or invited somebody who did, and so on. Accepted invitations are read too: a
 * person in between may have left since. Otherwise one account in between would hide who brought the person in.
 */
export const wasBroughtInBy = (
  organisationId: string,
  personId: string,
  inviterId: string,
): SQL => sql`EXISTS (
  WITH RECURSIVE
    invited (person, inviter) AS (
      SELECT ${members.userId}, ${members.addedBy} FROM ${members}
      WHERE ${members.organisationId} = ${organisationId} AND ${members.addedBy} IS NOT NULL
      UNION SELECT ${invitations.endedBy}, ${invitations.invitedBy} FROM ${invitations}
      WHERE ${invitations.organisationId} = ${organisationId} AND ${invitations.outcome} = 'accepted'),
    above (id) AS (
      SELECT ${personId}
      UNION SELECT invited.inviter FROM invited JOIN above ON invited.person = above.id)
  SELECT 1 FROM above WHERE above.id = ${inviterId} AND ${personId} <> ${inviterId})`
