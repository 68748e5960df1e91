/** What the index stores of an event, a raffle or a product. Pure. */
import type { Details } from '../catalog/contract.ts'
import { fold } from '../core/fold.ts'
import { toInstant } from '../core/time.ts'
import { statusAt as eventStatusAt } from '../events/life-cycle.ts'
import { statusAt as raffleStatusAt } from '../raffles/life-cycle.ts'
import type { SearchedType, ShownHit } from './contract.ts'
import { cellsOf, type Point } from './grid.ts'
import { categoryMark, cellMark, monthMark, tagMark, typeMark } from './marks.ts'
import type { EventSource, ProductSource, RaffleSource, Sources } from './sources.ts'
import { indexed } from './words.ts'

export interface Document {
  id: string
  type: SearchedType
  hit: ShownHit
  /** The status at a time when nothing of it has happened yet. A search adds the clock. */
  status: string
  opensAt: number | null
  closesAt: number | null
  endsAt: number | null
  date: number | null
  prices: Record<string, [lowest: number, highest: number]>
  point: Point | null
  city: string | null
  foldedCity: string | null
  /** Each tag as it is written, by its folded form. */
  tags: Record<string, string>
  /** Folded words, by column. */
  texts: { title: string; names: string; place: string; body: string; marks: string }
}

const SUMMARY_LETTERS = 200

/** Before every instant: the status is then what the row alone says. */
const BEFORE = Number.NEGATIVE_INFINITY

/** The documents of those sources that everybody may find. */
export const documentsOf = ({ events, raffles, products }: Sources): Document[] => [
  ...events.flatMap(documentOfEvent),
  ...raffles.flatMap(documentOfRaffle),
  ...products.flatMap(documentOfProduct),
]

function documentOfEvent(event: EventSource): Document[] {
  const status = eventStatusAt(event, BEFORE)
  if (status === 'draft' || status === 'cancelled') return []
  const { venue, address, city, country, latitude, longitude, startsAt, endsAt } = event
  const point = latitude === null || longitude === null ? null : { latitude, longitude }
  return [
    documentOf(event, {
      type: 'event',
      slug: event.slug,
      status,
      endsAt,
      date: startsAt,
      imageUrl: firstOf(event.images),
      prices: event.prices,
      place: venue === null ? null : { venue, city, country, coordinates: point },
      placeWords: [venue, address, city, country],
    }),
  ]
}

function documentOfRaffle(raffle: RaffleSource): Document[] {
  const { location, opensAt, closesAt, pool, closedAt, committed, cancelled } = raffle
  const status = raffleStatusAt(
    {
      stored: raffle.status,
      opensAt,
      closesAt,
      pool: pool === null ? null : { closedAt, committed: committed === 1, cancelled: cancelled === 1 },
    },
    BEFORE,
  )
  if (status === 'draft' || status === 'cancelled') return []
  return [
    documentOf(raffle, {
      type: 'raffle',
      slug: raffle.slug,
      status,
      opensAt,
      closesAt,
      date: raffle.drawAt,
      imageUrl: raffle.imageUrl,
      prices: [[raffle.priceCurrency, raffle.priceAmount]],
      place: location === null ? null : { venue: location, city: null, country: null, coordinates: null },
      placeWords: [location],
    }),
  ]
}

function documentOfProduct(product: ProductSource): Document[] {
  if (product.status !== 'active') return []
  const { author, brand, isbn13 } = JSON.parse(product.details) as Partial<
    Record<'author' | 'brand' | 'isbn13', string | null>
  > &
    Details
  return [
    documentOf(product, {
      type: 'product',
      slug: null,
      status: product.status,
      date: null,
      imageUrl: firstOf(product.images),
      prices: [[product.priceCurrency, product.priceAmount]],
      place: null,
      placeWords: [],
      names: [author ?? null, brand ?? null, isbn13 ?? null],
    }),
  ]
}

const firstOf = (images: string): string | null => (JSON.parse(images) as string[])[0] ?? null

interface Parts {
  type: SearchedType
  slug: string | null
  status: string
  opensAt?: number
  closesAt?: number
  endsAt?: number
  date: number | null
  imageUrl: string | null
  prices: [currency: string, amount: number][]
  place: ShownHit['place']
  placeWords: (string | null)[]
  names?: (string | null)[]
}

function documentOf(source: EventSource | RaffleSource | ProductSource, parts: Parts): Document {
  const { id, title, description, categoryId, categorySlug, categoryName, organisationName } = source
  const { type, date, place } = parts
  const tags = JSON.parse(source.tags) as string[]
  const point = place?.coordinates ?? null
  const prices = rangesOf(parts.prices)
  const category =
    categoryId === null || categorySlug === null || categoryName === null
      ? null
      : { id: categoryId, slug: categorySlug, name: categoryName }
  const city = place?.city ?? null
  return {
    id,
    type,
    hit: {
      type,
      id,
      slug: parts.slug,
      title,
      summary: summaryOf(description),
      imageUrl: parts.imageUrl,
      organisation: { id: source.organisationId, slug: source.organisationSlug, name: organisationName },
      category,
      tags,
      place,
      date: date === null ? null : toInstant(date),
      prices: Object.entries(prices).map(([currency, [lowest, highest]]) => ({ currency, lowest, highest })),
    },
    status: parts.status,
    opensAt: parts.opensAt ?? null,
    closesAt: parts.closesAt ?? null,
    endsAt: parts.endsAt ?? null,
    date,
    prices,
    point,
    city,
    foldedCity: city === null ? null : fold(city),
    tags: Object.fromEntries(tags.map((tag) => [fold(tag), tag])),
    texts: {
      title: indexed(title),
      names: indexed(...tags, categoryName, organisationName, ...(parts.names ?? [])),
      place: indexed(...parts.placeWords),
      body: indexed(description),
      marks: [
        typeMark(type),
        ...(category === null ? [] : [categoryMark(category.id), categoryMark(category.slug)]),
        ...tags.map(tagMark),
        ...(date === null ? [] : [monthMark(date)]),
        ...(point === null ? [] : cellsOf(point).map(cellMark)),
      ].join(' '),
    },
  }
}

/** The lowest and the highest price in each currency. */
function rangesOf(prices: readonly [string, number][]): Document['prices'] {
  const ranges: Document['prices'] = {}
  for (const [currency, amount] of prices) {
    const [lowest, highest] = ranges[currency] ?? [amount, amount]
    ranges[currency] = [Math.min(lowest, amount), Math.max(highest, amount)]
  }
  return ranges
}

/** Whole characters. */
const summaryOf = (text: string): string =>
  [...text.slice(0, 2 * SUMMARY_LETTERS)].slice(0, SUMMARY_LETTERS).join('')
