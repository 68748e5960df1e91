/** Routes under /api/v1/raffles/{id}/grants: entries that orders of a shop have earned. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { idempotencyKey } from '../core/idempotency.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { validate } from '../core/validation.ts'
import { RaffleParams } from '../raffles/list-contract.ts'
import { BODIES, EXAMPLE_GRANT, GiveGrant, Grant, GrantPage, GrantParams, ListGrants } from './contract.ts'
import { giveGrant } from './give-grant.ts'
import { listGrants, readGrant } from './list-grants.ts'
import { revokeGrant } from './revoke-grant.ts'

const TAG = 'Grants'

const theGrant = (description: string) => ({
  status: 200 as const,
  schema: Grant,
  example: EXAMPLE_GRANT,
  description,
})

export const grantRoutes = new Hono<AppEnv>()
  .get(
    '/:id/grants',
    describe({
      operation: 'listGrants',
      summary: 'List the grants of a raffle',
      description:
        'For members of the raffle’s organisation and for its API keys, by order reference. With `status`, a page may have fewer grants than `limit`: `nextCursor` alone says whether more follow.',
      tag: TAG,
      auth: 'user-or-key',
      success: {
        status: 200,
        schema: GrantPage,
        example: { data: [EXAMPLE_GRANT], nextCursor: null },
        description: 'One page of grants.',
      },
      limits: ['RATE_PURCHASE'],
      errors: [...PAGE_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('param', RaffleParams),
    validate('query', ListGrants),
    async (c) => c.json(await listGrants(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
  )
  .post(
    '/:id/grants',
    describe({
      operation: 'giveGrant',
      summary: 'Grant the entries that an order has earned',
      description:
        'Needs an API key of the raffle’s organisation. The raffle’s `earning` determines the number of entries. An order is granted once, whatever the Idempotency-Key. A grant to an address waits until its owner has registered and verified it.',
      tag: TAG,
      auth: 'key',
      idempotent: true,
      success: { ...theGrant('The grant of this order; `status` is its outcome.'), status: 201 },
      limits: ['RATE_PURCHASE'],
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'conflict', 'invalid_state'],
    }),
    validate('param', RaffleParams),
    validate('json', GiveGrant, BODIES.GiveGrant),
    async (c) => {
      const { id } = c.req.valid('param')
      const grant = await giveGrant(c.get('ctx'), id, c.req.valid('json'), idempotencyKey(c))
      c.header('location', `/api/v1/raffles/${id}/grants/${encodeURIComponent(grant.orderRef)}`)
      return c.json(grant, 201)
    },
  )
  .get(
    '/:id/grants/:orderRef',
    describe({
      operation: 'readGrant',
      summary: 'Read the grant of an order',
      tag: TAG,
      auth: 'user-or-key',
      success: theGrant('The grant.'),
      limits: ['RATE_PURCHASE'],
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', GrantParams),
    async (c) => {
      const { id, orderRef } = c.req.valid('param')
      return c.json(await readGrant(c.get('ctx'), id, orderRef))
    },
  )
  .delete(
    '/:id/grants/:orderRef',
    describe({
      operation: 'revokeGrant',
      summary: 'Revoke the entries that an order has earned',
      description:
        'For a refunded order, until the ticket list freezes for the draw. Entries of our own shop’s orders are revoked automatically with the refund.',
      tag: TAG,
      auth: 'user-or-key',
      success: theGrant('The grant, revoked.'),
      limits: ['RATE_PURCHASE'],
      errors: ['forbidden', 'not_found', 'invalid_state'],
    }),
    validate('param', GrantParams),
    async (c) => {
      const { id, orderRef } = c.req.valid('param')
      return c.json(await revokeGrant(c.get('ctx'), id, orderRef))
    },
  )
