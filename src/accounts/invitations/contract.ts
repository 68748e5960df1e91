/** The shapes of invitations on the wire: an organisation asks the owner of an address to become a member. */
import * as z from 'zod'
import { Id } from '../../core/ids.ts'
import { Page } from '../../core/paging.ts'
import { Instant } from '../../core/time.ts'
import { Email, EmailToken, MemberRole } from '../contract.ts'
import { EXAMPLE_MEMBER, EXAMPLE_ORGANISATION, MAILED_TOKEN } from '../examples.ts'

export const InviteMember = z.strictObject({ email: Email, role: MemberRole }).meta({ id: 'InviteMember' })
export type InviteMember = z.infer<typeof InviteMember>

/** An open invitation, as its organisation sees it. */
export const Invitation = z.lazy(() =>
  z
    .strictObject({
      id: Id('invitation'),
      email: z.string(),
      role: MemberRole,
      invitedBy: Id('user').meta({ description: 'The member or administrator who sent it last.' }),
      createdAt: Instant,
      expiresAt: Instant,
    })
    .meta({ id: 'Invitation' }),
)
export type Invitation = z.infer<typeof Invitation>
export const InvitationPage = Page(Invitation)

/** An open invitation, as the invited person sees it: who sent it stays with the organisation. */
export const MyInvitation = z.lazy(() =>
  z
    .strictObject({
      id: Id('invitation'),
      organisation: z.strictObject({ id: Id('organisation'), name: z.string() }),
      role: MemberRole,
      expiresAt: Instant,
    })
    .meta({ id: 'MyInvitation' }),
)
export type MyInvitation = z.infer<typeof MyInvitation>
export const MyInvitationPage = Page(MyInvitation)

export const AcceptInvitation = z.strictObject({ token: EmailToken }).meta({ id: 'AcceptInvitation' })

export const InvitationParams = z.object({ id: Id('organisation'), invitationId: Id('invitation') })
export const MyInvitationParams = z.object({ id: Id('invitation') })

export const EXAMPLE_INVITATION: Invitation = {
  id: 'invite_01kaf1r2m4e8prtv6x0zac3d7h',
  email: EXAMPLE_MEMBER.email,
  role: EXAMPLE_MEMBER.role,
  invitedBy: 'user_01kaf1q9x2hnp0r4s6t8v0w2ya',
  createdAt: '2026-11-20T17:00:00.000Z',
  expiresAt: '2026-11-27T17:00:00.000Z',
}

export const EXAMPLE_MY_INVITATION: MyInvitation = {
  id: EXAMPLE_INVITATION.id,
  organisation: { id: EXAMPLE_ORGANISATION.id, name: EXAMPLE_ORGANISATION.name },
  role: EXAMPLE_INVITATION.role,
  expiresAt: EXAMPLE_INVITATION.expiresAt,
}

/** Example request bodies, by the names of their schemas. */
export const BODIES = {
  InviteMember: { email: EXAMPLE_INVITATION.email, role: EXAMPLE_INVITATION.role },
  AcceptInvitation: { token: MAILED_TOKEN },
}
