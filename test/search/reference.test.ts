// The endpoint against a brute-force search over the same things, with words of many scripts.
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { organisationWithOperator } from '../harness/people.ts'
import { DAY, iso, NOW, useClock } from '../raffles/scenario.ts'
import { isFound, type Sought, store, type Thing, thingId, WORDS } from './corpus.ts'
import { type Asked, findAll, inStep } from './searching.ts'

useClock()

const word = fc.constantFrom(...WORDS)
const texts = (most: number) =>
  fc.array(word, { minLength: 1, maxLength: most }).map((words) => words.join(' '))
const point = fc.record({
  latitude: fc.integer({ min: -900, max: 900 }).map((tenths) => tenths / 10),
  longitude: fc
    .oneof(fc.integer({ min: -1_800, max: 1_800 }), fc.constantFrom(1_799, -1_799))
    .map((tenths) => tenths / 10),
})
const tags = fc.uniqueArray(fc.constantFrom('Jazz', 'rock', 'Open Air', 'été', '東京', 'R&B'), {
  maxLength: 3,
})

const thing: fc.Arbitrary<Thing> = fc
  .record({
    type: fc.constantFrom<Thing['type']>('event', 'product'),
    title: texts(3),
    description: fc.oneof(fc.constant(''), texts(6)),
    tags,
    city: fc.option(fc.constantFrom('Kisumu', 'São Paulo', 'Нью-Йорк', '東京')),
    point: fc.option(point),
    days: fc.integer({ min: 1, max: 60 }),
    price: fc.integer({ min: 1, max: 100 }),
  })
  .map(({ type, days, price, city, point: where, ...rest }) => ({
    ...rest,
    type,
    id: thingId(type),
    city: type === 'event' ? city : null,
    point: type === 'event' && city !== null ? where : null,
    startsAt: type === 'event' ? NOW + days * DAY : null,
    price: type === 'product' ? price : null,
  }))

const part = fc
  .tuple(word, fc.integer({ min: 1, max: 6 }))
  .map(([whole, length]) => [...whole].slice(0, length).join(''))
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 })
const sought: fc.Arbitrary<Sought> = fc.record({
  q: optional(fc.array(fc.oneof(word, part), { minLength: 1, maxLength: 2 }).map((words) => words.join(' '))),
  type: optional(fc.constantFrom<Thing['type']>('event', 'product')),
  tags: optional(
    fc.uniqueArray(fc.constantFrom('JAZZ', 'rock', 'open air', 'ete', '東京', 'r&b', 'none'), {
      minLength: 1,
      maxLength: 2,
    }),
  ),
  tagsMatch: fc.constantFrom<'any' | 'all'>('any', 'all'),
  location: optional(fc.constantFrom('sao', 'нью йорк', '京', 'KE', 'kis')),
  near: optional(point),
  radiusKm: fc.constantFrom(10, 300, 1_000),
  from: optional(fc.integer({ min: 0, max: 50 }).map((days) => NOW + days * DAY)),
  to: optional(fc.integer({ min: 10, max: 60 }).map((days) => NOW + days * DAY)),
  maxPrice: optional(fc.integer({ min: 1, max: 100 })),
})

const NAME = 'Quiet Organiser'
let things: Thing[]

const askedOf = ({ tags: wanted, near, from, to, maxPrice, ...rest }: Sought): Asked => {
  const asked: Record<string, unknown> = {
    ...rest,
    tags: wanted?.join(),
    near: near && `${near.latitude},${near.longitude}`,
    from: from && iso(from),
    to: to && iso(to),
    ...(maxPrice !== undefined && { maxPrice, currency: 'KES' }),
    limit: 100,
  }
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as Asked
}

beforeAll(async () => {
  const organisation = await organisationWithOperator()
  await env.DB.prepare('UPDATE organisations SET name = ? WHERE id = ?').bind(NAME, organisation.id).run()
  things = fc.sample(thing, { numRuns: 250, seed: 7 })
  await store(things, organisation.id, NOW)
  // Half of them change: the old words must be gone.
  const changed = fc.sample(thing, { numRuns: 250, seed: 8 })
  await inStep()
  things = things.map((each, at) =>
    at % 2 === 0 ? each : { ...each, title: changed[at]!.title, tags: changed[at]!.tags, description: '' },
  )
  await store(things, organisation.id, NOW + 1)
  await inStep()
}, 60_000)

/** Other files may have left theirs. */
const isMine = (id: string): boolean => things.some((each) => each.id === id)

it('finds exactly what a search of everything finds', async () => {
  await fc.assert(
    fc.asyncProperty(sought, async (what) => {
      const expected = things.filter((each) => isFound(each, what, NAME)).map(({ id }) => id)
      const found = (await findAll(askedOf(what))).filter(isMine)
      expect(new Set(found).size).toBe(found.length)
      expect(found.sort()).toEqual(expected.sort())
    }),
    { numRuns: 150 },
  )
}, 120_000)

it('finds each word and each beginning of a word', async () => {
  for (const each of WORDS) {
    const expected = things.filter((one) => isFound(one, { q: each }, NAME)).map(({ id }) => id)
    expect((await findAll({ q: each, limit: 100 })).filter(isMine).sort(), each).toEqual(expected.sort())
  }
}, 60_000)
