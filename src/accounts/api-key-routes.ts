/** Routes under /api/v1/organisations/{id}/api-keys: keys for an organisation's own programs. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { PageQuery } from '../core/paging.ts'
import { validate } from '../core/validation.ts'
import {
  ApiKeyPage,
  ApiKeyParams,
  BODIES,
  CreateApiKey,
  EXAMPLE_API_KEY,
  NewApiKey,
} from './api-key-contract.ts'
import { createApiKey, listApiKeys, revokeApiKey } from './api-keys.ts'
import { OrganisationParams } from './contract.ts'

const TAG = 'Organisations'

export const apiKeyRoutes = new Hono<AppEnv>()
  .get(
    '/:id/api-keys',
    describe({
      operation: 'listApiKeys',
      summary: 'List API keys',
      description: 'Includes revoked keys. The list never contains the keys themselves.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: ApiKeyPage,
        example: { data: [EXAMPLE_API_KEY], nextCursor: null },
        description: 'One page of keys.',
      },
      errors: [...PAGE_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('param', OrganisationParams),
    validate('query', PageQuery),
    async (c) => c.json(await listApiKeys(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
  )
  .post(
    '/:id/api-keys',
    describe({
      operation: 'createApiKey',
      summary: 'Create an API key',
      description: 'For a program of the organisation. `key` is shown only once: keep it secret.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 201,
        schema: NewApiKey,
        example: { ...EXAMPLE_API_KEY, key: `tk_01kaf1t3n5f9qsvw7y1bad4e8j_${'x'.repeat(43)}` },
        description: 'The new key.',
      },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('param', OrganisationParams),
    validate('json', CreateApiKey, BODIES.CreateApiKey),
    async (c) => {
      const { id } = c.req.valid('param')
      const created = await createApiKey(c.get('ctx'), id, c.req.valid('json'))
      c.header('location', `/api/v1/organisations/${id}/api-keys/${created.id}`)
      return c.json(created, 201)
    },
  )
  .delete(
    '/:id/api-keys/:keyId',
    describe({
      operation: 'revokeApiKey',
      summary: 'Revoke an API key',
      description: 'Takes effect with the next request.',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'The key is revoked.' },
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', ApiKeyParams),
    async (c) => {
      const { id, keyId } = c.req.valid('param')
      await revokeApiKey(c.get('ctx'), id, keyId)
      return c.body(null, 204)
    },
  )
