/** `GET /openapi.json`: the API's OpenAPI 3.1 document, generated from the routes. */
import type { Hono } from 'hono'
import { openAPIRouteHandler } from 'hono-openapi'
import type { AppEnv } from './context.ts'

export const apiDocument = (app: Hono<AppEnv>) =>
  openAPIRouteHandler(app, {
    excludeStaticFile: false,
    defaultValidationErrorResponse: false,
    documentation: {
      info: {
        title: 'Tombola',
        version: '1.0.0',
        description:
          'Raffles, lucky draws and event tickets. Errors are RFC 9457 problem documents with a `code` from a closed list. Lists are paged with `limit` and `cursor`. Money is integer minor units. Times are ISO 8601. Caches may keep only public reads that say so: every other response is `no-store`. Those that may be kept for a second have an `ETag`, and answer 304 to a request whose `If-None-Match` has it. After a change the answer has a header `x-tombola-bookmark`. Send the last one that you got with your next reads: they may then come from a copy of the data near you, and show at least what you changed. It is opaque, and never necessary: without it, a signed-in reader reads the original.',
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
