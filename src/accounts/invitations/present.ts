/** Turns rows of invitations into responses. */
import { toInstant } from '../../core/time.ts'
import { MemberRole } from '../contract.ts'
import type { InvitationRow } from '../schema.ts'
import type { Invitation } from './contract.ts'

/** Only for an open invitation: an ended one has no address. */
export function presentInvitation(row: InvitationRow): Invitation {
  return {
    id: row.id,
    email: row.email!,
    role: MemberRole.parse(row.role),
    invitedBy: row.invitedBy,
    createdAt: toInstant(row.createdAt),
    expiresAt: toInstant(row.expiresAt),
  }
}
