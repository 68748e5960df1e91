/** `GET /openapi.json`: the API's OpenAPI 3.1 document, generated from the routes. */

import type { Hono } from 'hono'
import { openAPIRouteHandler } from 'hono-openapi'
import { version } from '#package'
import type { AppEnv } from './context.ts'

export const apiDocument = (app: Hono<AppEnv>) =>
  openAPIRouteHandler(app, {
    excludeStaticFile: false,
    defaultValidationErrorResponse: false,
    documentation: {
      info: {
        title: 'Tombola',
        version,
        description:
          'Raffles, lucky draws, event tickets and a shop. Errors are RFC 9457 problem documents with a `code` from a closed list. Lists are paged with `limit` and `cursor`. Money is integer minor units. Times are ISO 8601. Caches may keep only public reads that say so: every other response is `no-store`. Those that may be kept for a second have an `ETag`, and answer 304 to a request whose `If-None-Match` has it.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          apiKey: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'tk_…',
            description: 'An API key of an organisation, for its own programs.',
          },
        },
      },
    },
  })
