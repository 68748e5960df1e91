/** Routes under /api/v1/organisations: the owners of raffles, and their members. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { PageQuery } from '../core/paging.ts'
import { validate } from '../core/validation.ts'
import {
  CreateOrganisation,
  ListOrganisations,
  MemberPage,
  MemberParams,
  Organisation,
  OrganisationKey,
  OrganisationPage,
  OrganisationParams,
  SetPricedSales,
} from './contract.ts'
import { createOrganisation } from './create-organisation.ts'
import { BODIES, EXAMPLE_MEMBER, EXAMPLE_ORGANISATION } from './examples.ts'
import { listMembers } from './list-members.ts'
import { listOrganisations } from './list-organisations.ts'
import { setPricedSales } from './priced-sales.ts'
import { readOrganisation } from './read-organisation.ts'
import { removeMember } from './remove-member.ts'

const TAG = 'Organisations'

export const organisations = new Hono<AppEnv>()
  .get(
    '/',
    describe({
      operation: 'listOrganisations',
      summary: 'List organisations',
      description: 'Your organisations; an admin sees all.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: OrganisationPage,
        example: { data: [EXAMPLE_ORGANISATION], nextCursor: null },
        description: 'One page of organisations.',
      },
      errors: PAGE_ERRORS,
    }),
    validate('query', ListOrganisations),
    async (c) => c.json(await listOrganisations(c.get('ctx'), c.req.valid('query'))),
  )
  .post(
    '/',
    describe({
      operation: 'createOrganisation',
      summary: 'Open an organisation',
      description:
        'You become its operator, if you have proved your e-mail address; refresh your session afterwards. What is free can be published at once. What costs money needs the approval of an administrator, unless this deployment waives it. An admin creates organisations for others, and joins none.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 201,
        schema: Organisation,
        example: EXAMPLE_ORGANISATION,
        description: 'The new organisation.',
      },
      errors: [...BODY_ERRORS, 'forbidden', 'conflict', 'limit_reached'],
    }),
    validate('json', CreateOrganisation, BODIES.CreateOrganisation),
    async (c) => {
      const organisation = await createOrganisation(c.get('ctx'), c.req.valid('json'))
      c.header('location', `/api/v1/organisations/${organisation.id}`)
      return c.json(organisation, 201)
    },
  )
  .get(
    '/:id',
    describe({
      operation: 'readOrganisation',
      summary: 'Read an organisation',
      description: 'By its id or its slug.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: Organisation,
        example: EXAMPLE_ORGANISATION,
        description: 'The organisation.',
      },
      errors: ['not_found'],
    }),
    validate('param', OrganisationKey),
    async (c) => c.json(await readOrganisation(c.get('ctx'), c.req.valid('param').id)),
  )
  .put(
    '/:id/priced-sales',
    describe({
      operation: 'setPricedSales',
      summary: 'Approve that an organisation sells for money',
      description:
        'For admins. Without the approval nothing new that costs money is published; what is on sale stays on sale.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: Organisation,
        example: EXAMPLE_ORGANISATION,
        description: 'The organisation.',
      },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('param', OrganisationParams),
    validate('json', SetPricedSales, BODIES.SetPricedSales),
    async (c) => {
      const { approved } = c.req.valid('json')
      return c.json(await setPricedSales(c.get('ctx'), c.req.valid('param').id, approved))
    },
  )
  .get(
    '/:id/members',
    describe({
      operation: 'listMembers',
      summary: 'List members',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: MemberPage,
        example: { data: [EXAMPLE_MEMBER], nextCursor: null },
        description: 'One page of members.',
      },
      errors: [...PAGE_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('param', OrganisationParams),
    validate('query', PageQuery),
    async (c) => c.json(await listMembers(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
  )
  .delete(
    '/:id/members/:userId',
    describe({
      operation: 'removeMember',
      summary: 'Remove a member',
      description:
        'Takes effect with the next request. Open invitations that the member sent end. A member may leave by itself, whatever the role. The last one may leave too: an administrator can then invite somebody.',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'The user is no longer a member.' },
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', MemberParams),
    async (c) => {
      const { id, userId } = c.req.valid('param')
      await removeMember(c.get('ctx'), id, userId)
      return c.body(null, 204)
    },
  )
