/** Who brought whom into an organisation, in however many steps. */
import { type SQL, sql } from 'drizzle-orm'
import { invitations, members } from './schema.ts'

/**
 * Whether `inviterId` invited the person, or invited somebody who did, and so on. Somebody in between may have left since,
 * so for them the invitations that they accepted are read. A member who accepts another invitation was not brought in by it.
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
      WHERE ${invitations.organisationId} = ${organisationId} AND ${invitations.outcome} = 'accepted'
        AND ${invitations.endedBy} NOT IN (
          SELECT ${members.userId} FROM ${members} WHERE ${members.organisationId} = ${organisationId})),
    above (id) AS (
      SELECT ${personId}
      UNION SELECT invited.inviter FROM invited JOIN above ON invited.person = above.id)
  SELECT 1 FROM above WHERE above.id = ${inviterId} AND ${personId} <> ${inviterId})`
