/** Routes under /api/v1/organisations: how an organisation sells. */
import { Hono } from 'hono'
import { OrganisationParams } from '../accounts/contract.ts'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe } from '../core/openapi.ts'
import { validate } from '../core/validation.ts'
import { BODIES, EXAMPLE_SELLING, SellingTerms, SetSellingTerms } from './selling-contract.ts'
import { readSellingTerms, setSellingTerms } from './selling-terms.ts'

const TAG = 'Organisations'

export const selling = new Hono<AppEnv>()
  .get(
    '/:id/selling',
    describe({
      operation: 'readSellingTerms',
      summary: 'Read how an organisation sells',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: SellingTerms,
        example: EXAMPLE_SELLING,
        description: 'Its providers, currencies and countries.',
      },
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', OrganisationParams),
    async (c) => c.json(await readSellingTerms(c.get('ctx'), c.req.valid('param').id)),
  )
  .put(
    '/:id/selling',
    describe({
      operation: 'setSellingTerms',
      summary: 'Set how an organisation sells',
      description:
        'By which providers, in which currencies and to which countries. Fields that are left out keep their values; null: no limit. What is published from now on obeys it. Raffles and events that are on sale keep what they were published with; products follow at once.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: SellingTerms,
        example: EXAMPLE_SELLING,
        description: 'How it sells now.',
      },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('param', OrganisationParams),
    validate('json', SetSellingTerms, BODIES.SetSellingTerms),
    async (c) => c.json(await setSellingTerms(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
  )
