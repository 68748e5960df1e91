// Documents that are written into the main database as rows, and a reference that searches them by brute force.
import { env } from 'cloudflare:workers'
import { fold } from '../../src/core/fold.ts'
import { newId } from '../../src/core/ids.ts'
import { distanceKm } from '../../src/search/grid.ts'

export interface Thing {
  id: string
  type: 'event' | 'product'
  title: string
  description: string
  tags: string[]
  city: string | null
  point: { latitude: number; longitude: number } | null
  startsAt: number | null
  price: number | null
}

export const WORDS =
  `müller Müller-Özdemir Ångström smörgåsbord façade coöperate Łódź Straße İstanbul ıspanak Đà Nẵng
  Москва Нью-Йорк ёлка Київ Ἀθῆναι Ὀδυσσεύς ΣΊΣΥΦΟΣ σίσυφος مُحَمَّد القاهرة قاهره שָׁלוֹם ירושלים 東京 東京都 京都 夏祭り 祭り カフェ ｶﾌｪ 서울 서울시 한국
  हिन्दी संगीत กรุงเทพ เทศกาลดนตรี ดนตรี C# C++ R&B 100% a b jazz jazzy ja rock'n'roll L’Été 🎉 2031 20 x`.split(
    /\s+/,
  )

export async function store(things: Thing[], organisationId: string, now: number): Promise<void> {
  const events = things.filter(({ type }) => type === 'event')
  const products = things.filter(({ type }) => type === 'product')
  await env.DB.batch([
    env.DB.prepare(
      `INSERT OR REPLACE INTO events (id, slug, organisation_id, status, title, description, images, tags, venue, city, country, latitude,
         longitude, starts_at, ends_at, time_zone, providers, created_at, updated_at)
       SELECT value->>'id', 's' || (value->>'id'), ?2, 'published', value->>'title', value->>'description', '[]', value->>'tags',
         value->>'city', value->>'city', CASE WHEN value->>'city' IS NULL THEN NULL ELSE 'KE' END, value->>'$.point.latitude',
         value->>'$.point.longitude', value->>'startsAt', (value->>'startsAt') + 1000, 'UTC', '[]', ?3, ?3
       FROM json_each(?1)`,
    ).bind(
      JSON.stringify(events.map((each) => ({ ...each, tags: JSON.stringify(each.tags) }))),
      organisationId,
      now,
    ),
    env.DB.prepare(
      `INSERT OR REPLACE INTO products (id, organisation_id, kind, status, title, description, details, price_amount, price_currency, stock,
         images, tags, created_at, updated_at)
       SELECT value->>'id', ?2, 'other', 'active', value->>'title', value->>'description', '{}', value->>'price', 'KES', 1, '[]',
         value->>'tags', ?3, ?3
       FROM json_each(?1)`,
    ).bind(
      JSON.stringify(products.map((each) => ({ ...each, tags: JSON.stringify(each.tags) }))),
      organisationId,
      now,
    ),
  ])
}

export const thingId = (type: Thing['type']): string => newId(type)

const UNSPACED =
  /^[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u
const MARK = /^\p{M}$/u

/** Whether a word may begin or end here: at a space, and beside each letter of a script without spaces. */
function isBoundary(letters: string[], at: number): boolean {
  if (at === 0 || at === letters.length) return true
  if (MARK.test(letters[at]!)) return false
  let before = at - 1
  while (before > 0 && MARK.test(letters[before]!)) before--
  return [letters[before]!, letters[at]!].some((letter) => letter === ' ' || UNSPACED.test(letter))
}

function hasWord(text: string, word: string): boolean {
  const [letters, sought] = [[...fold(text)], [...word]]
  const last = sought.findLast((letter) => !MARK.test(letter))!
  // How long the last word of the sought one is: a single letter is a whole word.
  let start = sought.length - 1
  while (start > 0 && !isBoundary(sought, start)) start--
  const isWhole = UNSPACED.test(last) || sought.length - start === 1
  for (let at = 0; at + sought.length <= letters.length; at++) {
    if (!sought.every((letter, each) => letters[at + each] === letter) || !isBoundary(letters, at)) continue
    if (!isWhole || isBoundary(letters, at + sought.length)) return true
  }
  return false
}

export interface Sought {
  q?: string
  type?: Thing['type']
  tags?: string[]
  tagsMatch?: 'any' | 'all'
  location?: string
  near?: { latitude: number; longitude: number }
  radiusKm?: number
  from?: number
  to?: number
  maxPrice?: number
}

const has = (texts: (string | null)[], query: string): boolean => {
  const words = fold(query)
    .split(' ')
    .filter((word) => word !== '')
  return (
    words.length > 0 &&
    words.slice(0, 8).every((word) => texts.some((text) => text !== null && hasWord(text, word)))
  )
}

export function isFound(thing: Thing, sought: Sought, organisation: string): boolean {
  const tags = thing.tags.map(fold)
  const wanted = sought.tags?.map(fold)
  const { near, radiusKm = 50 } = sought
  return (
    (sought.q === undefined ||
      has(
        [
          thing.title,
          [...thing.tags, organisation].join(' '),
          thing.city && `${thing.city} ${thing.city} ke`,
          thing.description,
        ],
        sought.q,
      )) &&
    (sought.location === undefined ||
      has([thing.city && `${thing.city} ${thing.city} ke`], sought.location)) &&
    (sought.type === undefined || thing.type === sought.type) &&
    (wanted === undefined ||
      (sought.tagsMatch === 'all'
        ? wanted.every((tag) => tags.includes(tag))
        : wanted.some((tag) => tags.includes(tag)))) &&
    (near === undefined || (thing.point !== null && distanceKm(near, thing.point) <= radiusKm)) &&
    (sought.from === undefined || (thing.startsAt !== null && thing.startsAt >= sought.from)) &&
    (sought.to === undefined || (thing.startsAt !== null && thing.startsAt < sought.to)) &&
    (sought.maxPrice === undefined || (thing.price !== null && thing.price <= sought.maxPrice))
  )
}
