/** Schemas for the routes of API keys. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Page } from '../core/paging.ts'
import { Instant } from '../core/time.ts'
import { Name } from './contract.ts'

/** The permissions that a key may have. */
export const ApiKeyScope = z.enum(['grants:write'])
export type ApiKeyScope = z.infer<typeof ApiKeyScope>

export const CreateApiKey = z
  .strictObject({
    name: Name,
    scopes: z
      .array(ApiKeyScope)
      .min(1)
      .max(ApiKeyScope.options.length)
      .refine((scopes) => new Set(scopes).size === scopes.length, 'must not name a scope twice'),
  })
  .meta({ id: 'CreateApiKey' })
export type CreateApiKey = z.infer<typeof CreateApiKey>

const apiKey = {
  id: Id('apiKey'),
  name: z.string(),
  scopes: z.array(z.string()),
  createdBy: Id('user'),
  createdAt: Instant,
  lastUsedAt: Instant.nullable().describe('When it was last used, accurate to the hour; null if never.'),
  revokedAt: Instant.nullable(),
}

export const ApiKey = z.lazy(() => z.strictObject(apiKey).meta({ id: 'ApiKey' }))
export type ApiKey = z.infer<typeof ApiKey>
export const ApiKeyPage = Page(ApiKey)

/** A new key: the only response that contains the key itself. */
export const NewApiKey = z.lazy(() =>
  z.strictObject({ ...apiKey, key: z.string() }).meta({ id: 'NewApiKey' }),
)
export type NewApiKey = z.infer<typeof NewApiKey>

export const ApiKeyParams = z.object({ id: Id('organisation'), keyId: Id('apiKey') })

export const EXAMPLE_API_KEY: ApiKey = {
  id: 'key_01kaf1t3n5f9qsvw7y1bad4e8j',
  name: 'Online shop',
  scopes: ['grants:write'],
  createdBy: 'user_01kaf1q7v8fmk9m2q0c8w1g6ne',
  createdAt: '2026-11-20T17:00:00.000Z',
  lastUsedAt: null,
  revokedAt: null,
}

/** Example request bodies, by the names of their schemas. */
export const BODIES = { CreateApiKey: { name: EXAMPLE_API_KEY.name, scopes: EXAMPLE_API_KEY.scopes } }
