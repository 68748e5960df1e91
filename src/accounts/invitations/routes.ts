/** Routes of invitations: an organisation sends, lists and revokes them; the invited person accepts or declines. */
import { Hono } from 'hono'
import type { AppEnv } from '../../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../../core/openapi.ts'
import { PageQuery } from '../../core/paging.ts'
import { actorKey, clientNetwork, rateLimit } from '../../core/rate-limit.ts'
import { validate } from '../../core/validation.ts'
import { Organisation, OrganisationParams } from '../contract.ts'
import { EXAMPLE_ORGANISATION } from '../examples.ts'
import { acceptByToken, acceptMine, type JoinHooks } from './accept-invitation.ts'
import { declineInvitation, revokeInvitation } from './close-invitation.ts'
import {
  AcceptInvitation,
  BODIES,
  EXAMPLE_INVITATION,
  EXAMPLE_MY_INVITATION,
  Invitation,
  InvitationPage,
  InvitationParams,
  InviteMember,
  MyInvitationPage,
  MyInvitationParams,
} from './contract.ts'
import { inviteMember } from './invite-member.ts'
import { listInvitations, listMyInvitations } from './list-invitations.ts'

const TAG = 'Organisations'
const MY_TAG = 'Users'

const JOINED = {
  status: 200 as const,
  schema: Organisation,
  example: EXAMPLE_ORGANISATION,
  description: 'The organisation that you now belong to.',
}

/** Under /api/v1/organisations. */
export const organisationInvitations = new Hono<AppEnv>()
  .get(
    '/:id/invitations',
    describe({
      operation: 'listInvitations',
      summary: 'List open invitations',
      description:
        'Oldest first. An invitation that was accepted, declined or revoked, or that expired, is not listed.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: InvitationPage,
        example: { data: [EXAMPLE_INVITATION], nextCursor: null },
        description: 'One page of invitations.',
      },
      errors: [...PAGE_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('param', OrganisationParams),
    validate('query', PageQuery),
    async (c) => c.json(await listInvitations(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
  )
  .post(
    '/:id/invitations',
    describe({
      operation: 'inviteMember',
      summary: 'Invite somebody to become a member',
      description:
        'Sends a mail to the address, with a link that works once, for seven days. The invited person becomes a member only by accepting. The answer does not tell whether a user has the address, or is a member already. There is one open invitation for each address: a repeat prolongs it and sends the mail again, at most once a minute and five times a day. An organisation has at most 100 open invitations, and makes at most five new ones a day to one address. Whoever sent the invitation last counts as the one who brought the member in.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 201,
        schema: Invitation,
        example: EXAMPLE_INVITATION,
        description: 'The open invitation. A mail is on its way.',
      },
      limits: ['RATE_SIGN_IN'],
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'limit_reached'],
    }),
    rateLimit('RATE_SIGN_IN', (c) => `invite:${actorKey(c)}`),
    validate('param', OrganisationParams),
    validate('json', InviteMember, BODIES.InviteMember),
    async (c) => {
      const { id } = c.req.valid('param')
      const invitation = await inviteMember(c.get('ctx'), id, c.req.valid('json'))
      c.header('location', `/api/v1/organisations/${id}/invitations/${invitation.id}`)
      return c.json(invitation, 201)
    },
  )
  .delete(
    '/:id/invitations/:invitationId',
    describe({
      operation: 'revokeInvitation',
      summary: 'Revoke an invitation',
      description: 'The links in its mails no longer work. The address is deleted. A repeat changes nothing.',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'The invitation is revoked.' },
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', InvitationParams),
    async (c) => {
      const { id, invitationId } = c.req.valid('param')
      await revokeInvitation(c.get('ctx'), id, invitationId)
      return c.body(null, 204)
    },
  )

/** Under /api/v1/invitations. */
export const invitationRoutes = (hooks: JoinHooks) =>
  new Hono<AppEnv>().post(
    '/accept',
    describe({
      operation: 'acceptInvitationByToken',
      summary: 'Accept an invitation with the token from its mail',
      description:
        'You must be signed in with the invited address. If you have no account yet, register with that address first. The token proves the address, so it is verified from then on. A person belongs to at most 50 organisations, and joins none while holding tickets of a raffle that its members may not enter.',
      tag: TAG,
      auth: 'user',
      success: JOINED,
      limits: ['RATE_SIGN_IN'],
      errors: [...BODY_ERRORS, 'forbidden', 'invalid_state', 'limit_reached'],
    }),
    rateLimit('RATE_SIGN_IN', (c) => `token:${clientNetwork(c)}`),
    validate('json', AcceptInvitation, BODIES.AcceptInvitation),
    async (c) => c.json(await acceptByToken(c.get('ctx'), c.req.valid('json').token, hooks)),
  )

/** Under /api/v1/users/me/invitations. */
export const myInvitations = (hooks: JoinHooks) =>
  new Hono<AppEnv>()
    .get(
      '/',
      describe({
        operation: 'listMyInvitations',
        summary: 'List the invitations to your address',
        description: 'Open ones, oldest first. Needs a verified address.',
        tag: MY_TAG,
        auth: 'user',
        success: {
          status: 200,
          schema: MyInvitationPage,
          example: { data: [EXAMPLE_MY_INVITATION], nextCursor: null },
          description: 'One page of invitations.',
        },
        errors: [...PAGE_ERRORS, 'forbidden'],
      }),
      validate('query', PageQuery),
      async (c) => c.json(await listMyInvitations(c.get('ctx'), c.req.valid('query'))),
    )
    .post(
      '/:id/accept',
      describe({
        operation: 'acceptInvitation',
        summary: 'Accept an invitation',
        description:
          'Needs a verified address. A person belongs to at most 50 organisations, and joins none while holding tickets of a raffle that its members may not enter.',
        tag: MY_TAG,
        auth: 'user',
        success: JOINED,
        errors: ['forbidden', 'not_found', 'invalid_state', 'limit_reached'],
      }),
      validate('param', MyInvitationParams),
      async (c) => c.json(await acceptMine(c.get('ctx'), c.req.valid('param').id, hooks)),
    )
    .post(
      '/:id/decline',
      describe({
        operation: 'declineInvitation',
        summary: 'Decline an invitation',
        description:
          'Needs a verified address. Your address is deleted from the invitation. A repeat changes nothing.',
        tag: MY_TAG,
        auth: 'user',
        success: { status: 204, description: 'The invitation is declined.' },
        errors: ['forbidden', 'not_found'],
      }),
      validate('param', MyInvitationParams),
      async (c) => {
        await declineInvitation(c.get('ctx'), c.req.valid('param').id)
        return c.body(null, 204)
      },
    )
