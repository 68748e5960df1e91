/** The shapes of a search: what may be asked, and what is found. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Currency, MAX_AMOUNT } from '../core/money.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { AnyOf } from '../core/query.ts'
import { IdOrSlug } from '../core/slug.ts'
import { Instant, InstantIn } from '../core/time.ts'

export const TYPES = ['event', 'raffle', 'product'] as const
export type SearchedType = (typeof TYPES)[number]

/** What the public may find. A cancelled event or raffle is found by nobody, nor is a draft. */
export const STATUSES = [
  'published',
  'postponed',
  'over',
  'scheduled',
  'open',
  'closed',
  'committed',
  'drawn',
  'settled',
  'active',
] as const
/** Left out unless they are asked for. */
export const PAST_STATUSES: readonly (typeof STATUSES)[number][] = ['over', 'drawn', 'settled']

export const SORTS = ['relevance', 'date', '-date', 'distance', 'price', '-price'] as const
export type Sort = (typeof SORTS)[number]

const MAX_RADIUS_KM = 1_000
const DEFAULT_RADIUS_KM = 50
const MAX_TAGS = 10

const POINT = /^\s*(-?\d{1,2}(?:\.\d{1,15})?)\s*,\s*(-?\d{1,3}(?:\.\d{1,15})?)\s*$/
const NearPoint = z
  .string()
  .max(60)
  .regex(POINT, 'must be a latitude and a longitude, such as -1.286,36.817')
  .transform((text) => {
    const [, latitude, longitude] = POINT.exec(text)!
    return { latitude: Number(latitude), longitude: Number(longitude) }
  })
  .refine(
    ({ latitude, longitude }) => Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180,
    'must be a latitude from -90 to 90 and a longitude from -180 to 180',
  )

const Price = z.number().int().min(0).max(MAX_AMOUNT)

export const SearchQuery = PageQuery.extend({
  q: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      'Words that must all occur, in any order, case and spelling of accents. Each may be the beginning of a word. An ISBN may be written in any way.',
    ),
  type: AnyOf(z.enum(TYPES)).optional(),
  status: AnyOf(z.enum(STATUSES))
    .optional()
    .describe('By default all but `over`, `drawn` and `settled`. What was cancelled is never found.'),
  location: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      'Words of the venue, the address, the city or the country’s code; of a raffle, of its location.',
    ),
  near: NearPoint.optional().describe('A point, as latitude and longitude in degrees: `-1.286,36.817`.'),
  radiusKm: z
    .number()
    .int()
    .min(1)
    .max(MAX_RADIUS_KM)
    .default(DEFAULT_RADIUS_KM)
    .describe('How far from `near` a place may be, in kilometres.'),
  tags: z
    .array(z.string().min(1).max(60))
    .min(1)
    .max(MAX_TAGS)
    .optional()
    .describe('Tags in any case and spelling of accents: separated by commas, or as repeated parameters.'),
  tagsMatch: z.enum(['any', 'all']).default('any').describe('Whether any of `tags` is enough.'),
  category: z
    .array(IdOrSlug('category'))
    .min(1)
    .max(MAX_TAGS)
    .optional()
    .describe(
      'A category by its id, or by its slug, which several organisations may use. With several categories, any of them is enough.',
    ),
  from: InstantIn.optional().describe(
    'Only events that start, and raffles that are drawn, at this instant or later.',
  ),
  to: InstantIn.optional().describe(
    'Only events that start, and raffles that are drawn, before this instant.',
  ),
  currency: Currency.optional().describe(
    'Only what has a price in this currency; required to compare prices.',
  ),
  minPrice: Price.optional().describe('The lowest price, in minor units.'),
  maxPrice: Price.optional(),
  sort: z
    .enum(SORTS)
    .optional()
    .describe('By default `relevance` if there is `q`, else `distance` if there is `near`, else `date`.'),
})
  .refine(({ sort, q }) => sort !== 'relevance' || q !== undefined, {
    path: ['q'],
    message: 'is required to sort by relevance',
  })
  .refine(({ sort, near }) => sort !== 'distance' || near !== undefined, {
    path: ['near'],
    message: 'is required to sort by distance',
  })
  .refine(
    ({ sort, currency, minPrice, maxPrice }) =>
      currency !== undefined ||
      (minPrice === undefined && maxPrice === undefined && sort !== 'price' && sort !== '-price'),
    { path: ['currency'], message: 'is required to filter or sort by price' },
  )
export type SearchQuery = z.infer<typeof SearchQuery>

const named = (id: z.ZodType<string>) => z.strictObject({ id, slug: z.string(), name: z.string() })

const Type = z.enum(TYPES).describe('What it is.')

const shown = {
  type: Type,
  id: z.union([Id('event'), Id('raffle'), Id('product')]),
  slug: z.string().nullable().describe('Null: a product, which has none.'),
  title: z.string(),
  summary: z.string().describe('The beginning of the description.'),
  imageUrl: z.string().nullable(),
  organisation: named(Id('organisation').describe('The organisation.')),
  category: named(Id('category').describe('The category.'))
    .nullable()
    .describe('Its category; null: it has none.'),
  tags: z.array(z.string()),
  place: z
    .strictObject({
      venue: z.string().nullable(),
      city: z.string().nullable(),
      country: z.string().nullable(),
      coordinates: z
        .strictObject({ latitude: z.number(), longitude: z.number() })
        .nullable()
        .describe('Where it is, in degrees of WGS 84; null: not given.'),
    })
    .nullable()
    .describe('Where it is. A raffle has only a `venue`: its location, in the organiser’s words.'),
  date: Instant.nullable().describe('When the event starts, or the raffle is drawn. Null: a product.'),
  prices: z
    .array(
      z.strictObject({
        currency: Currency,
        lowest: z.number().int().describe('The lowest price.'),
        highest: z.number().int().describe('The highest price.'),
      }),
    )
    .describe(
      'The lowest and the highest price in each currency, in minor units. Hidden ticket types do not count.',
    ),
}

export const ShownHit = z.lazy(() => z.strictObject(shown))
export type ShownHit = z.infer<typeof ShownHit>

export const SearchHit = z.lazy(() =>
  z
    .strictObject({
      ...shown,
      status: z.enum(STATUSES).describe('As the event, the raffle or the product has it.'),
      distanceKm: z.number().nullable().describe('How far it is from `near`; null without `near`.'),
    })
    .meta({ id: 'SearchHit' }),
)
export type SearchHit = z.infer<typeof SearchHit>

const Count = z.number().int().describe('How many of those found.')

export const Facets = z.lazy(() =>
  z
    .strictObject({
      types: z.array(z.strictObject({ type: Type, count: Count })).describe('By type.'),
      categories: z
        .array(z.strictObject({ slug: z.string(), name: z.string(), count: Count }))
        .describe('By the slug of the category.'),
      cities: z.array(z.strictObject({ city: z.string(), count: Count })).describe('By city.'),
      tags: z
        .array(z.strictObject({ tag: z.string().describe('The tag, as somebody wrote it.'), count: Count }))
        .describe('By tag.'),
    })
    .meta({ id: 'SearchFacets' }),
)
export type Facets = z.infer<typeof Facets>

export const SearchPage = z.lazy(() =>
  Page(SearchHit)
    .unwrap()
    .extend({
      total: Count.nullable().describe('How many were found. Null after the first page.'),
      complete: z
        .boolean()
        .describe(
          'False: more documents have these words and filters than one search looks through. Only the newest of them were sorted and counted.',
        ),
      facets: Facets.nullable().describe(
        'How many of those found have each type, category, city and tag, the most frequent first. Null after the first page.',
      ),
      didYouMean: z
        .string()
        .nullable()
        .describe(
          'If nothing was found: words with which something is, and which are spelt almost like `q`.',
        ),
    })
    .meta({ id: 'SearchPage' }),
)
export type SearchPage = z.infer<typeof SearchPage>
