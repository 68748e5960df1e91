/** Documents to search: made of words that occur as often as words do, the same ones in each run and in each database. */
import { fold } from '../src/core/fold.ts'
import type { Document } from '../src/search/documents.ts'
import { cellsOf } from '../src/search/grid.ts'
import { categoryMark, cellMark, monthMark, tagMark, typeMark } from '../src/search/marks.ts'

const WORDS = 20_000
const PRIME = 7_919
const CITIES = 200
const TAGS = 50
const CATEGORIES = 20
const DAY_MS = 86_400_000
const FIRST_DAY = Date.UTC(2040, 0, 1)
const DAYS = 720

/** A word by its rank: the first are the most frequent. */
export const wordAt = (rank: number): string => {
  const value = (rank * PRIME) % WORDS
  return `${['ba', 'ko', 'mi', 'su', 're'][value % 5]}${value.toString(36)}é`
}

/** The word of every document. */
export const COMMON = 'everywhere'
export const cityAt = (city: number): string => `Città ${city}`
export const tagAt = (tag: number): string => `tag ${tag}`

export interface Plain {
  title: string
  names: string
  body: string
}

/** Mulberry32: a small generator of numbers from 0 to 1. */
function numbersFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function plainAt(at: number): Plain {
  const next = numbersFrom(at + 1)
  const words = (count: number) =>
    Array.from({ length: count }, () => wordAt(Math.floor(WORDS * next() ** 3))).join(' ')
  return {
    title: words(4),
    names: `${words(3)} ${tagAt(at % TAGS)} ${cityAt(at % CITIES)} ${COMMON}`,
    body: words(50),
  }
}

export function documentAt(at: number): Document {
  const { title, names, body } = plainAt(at)
  const type = (['event', 'raffle', 'product'] as const)[at % 3]!
  const id = `${type === 'product' ? 'prod' : type}_01k${String(at).padStart(23, '0')}`
  const city = cityAt(at % CITIES)
  const tag = tagAt(at % TAGS)
  const slug = `category-${at % CATEGORIES}`
  const date = FIRST_DAY + (at % DAYS) * DAY_MS
  const point = { latitude: ((at * 37) % 1_400) / 10 - 70, longitude: ((at * 91) % 3_600) / 10 - 180 }
  const category = { id: `cat_01k${String(at % CATEGORIES).padStart(23, '0')}`, slug, name: slug }
  return {
    id,
    type,
    hit: {
      type,
      id,
      slug: null,
      title,
      summary: body.slice(0, 200),
      imageUrl: null,
      organisation: { id: 'org_01k00000000000000000000000', slug: 'bench', name: 'Bench' },
      category,
      tags: [tag],
      place: { venue: null, city, country: null, coordinates: point },
      date: new Date(date).toISOString(),
      prices: [{ currency: 'KES', lowest: at % 1_000, highest: at % 1_000 }],
    },
    status: type === 'event' ? 'published' : type === 'raffle' ? 'scheduled' : 'active',
    opensAt: date,
    closesAt: date,
    endsAt: type === 'event' ? date + DAY_MS : null,
    date,
    prices: { KES: [at % 1_000, at % 1_000] },
    point,
    city,
    foldedCity: fold(city),
    tags: { [fold(tag)]: tag },
    texts: {
      title: fold(title),
      names: fold(names),
      place: fold(city),
      body: fold(body),
      marks: [
        typeMark(type),
        categoryMark(slug),
        tagMark(tag),
        monthMark(date),
        ...cellsOf(point).map(cellMark),
      ].join(' '),
    },
  }
}
