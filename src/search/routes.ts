/** The route /api/v1/search. */
import { Hono } from 'hono'
import { cachedForASecond } from '../core/cache.ts'
import type { AppEnv } from '../core/context.ts'
import { describe, PAGE_ERRORS } from '../core/openapi.ts'
import { validate } from '../core/validation.ts'
import { SearchPage, SearchQuery } from './contract.ts'
import { EXAMPLE_PAGE } from './examples.ts'
import { search } from './search.ts'

export const searches = new Hono<AppEnv>().get(
  '/',
  describe({
    operation: 'searchEverything',
    summary: 'Search events, raffles and products',
    description:
      'By words, place, tags, category, dates and price, whatever their case and accents. Everybody finds the same: what is published. A change is found within a second.',
    tag: 'Search',
    auth: 'none',
    success: {
      status: 200,
      schema: SearchPage,
      example: EXAMPLE_PAGE,
      description: 'One page of what was found.',
    },
    errors: PAGE_ERRORS,
  }),
  validate('query', SearchQuery),
  cachedForASecond,
  async (c) => c.json(await search(c.get('ctx'), c.req.valid('query'))),
)
