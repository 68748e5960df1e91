import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { stageProduct } from '../catalog/shelf.ts'
import { STARTS_AT, stageDraftEvent, stageEvent } from '../events/event-stage.ts'
import { organisationWithOperator } from '../harness/people.ts'
import { as, at, DAY, HOUR, iso, KES, NOW, stageRaffle, sweep, useClock } from '../raffles/scenario.ts'
import { ask, findAll, idsOf, inStep, search } from './searching.ts'

useClock()

let count = 0
/** A word that no other test of this file has. */
const newWord = (): string =>
  `word${String.fromCharCode(97 + (count++ % 26))}${'qzx'.repeat(1 + (count % 3))}${count}`

const place = (changes: Record<string, unknown> = {}) => ({
  venue: 'Hall One',
  city: 'Kisumu',
  country: 'KE',
  ...changes,
})

describe('words', () => {
  it.each([
    ['Müller-Özdemir', 'müller', 'MULLER ozde'],
    ['Нью-Йорк', 'нью', 'НЬЮ ЙОР'],
    ['İstanbul', 'istanbul', 'ISTAN'],
    ['Straße', 'strasse', 'straße'],
    ['東京の夏祭り', '夏祭り', '東京'],
    ['مُحَمَّد', 'محمد', 'مُحَمَّد'],
    ['Ὀδυσσεύς', 'οδυσσευς', 'ΟΔΥΣΣΕΎΣ'],
    ['हिन्दी संगीत', 'हिन्दी', 'संगीत हिन्दी'],
    ['เทศกาลดนตรี', 'ดนตรี', 'เทศกาล'],
    ['C# & R&B', 'c#', 'r&b'],
  ])('of %s are found as %s and as %s', async (title, ...queries) => {
    const { id } = await stageEvent({ title })
    for (const q of queries) expect(await findAll({ q }), q).toContain(id)
  })

  it('are found in tags, category, organiser, place and description, the title first', async () => {
    const word = newWord()
    const organisation = await organisationWithOperator()
    const category = await as(organisation.operator, 'POST', '/categories', { name: `Sort ${word}` })
    const inBody = await stageEvent({ description: `It is ${word}.` }, organisation)
    const inTag = await stageEvent({ tags: [word] }, organisation)
    const inCategory = await stageEvent({ categoryId: category.body.id }, organisation)
    const inPlace = await stageEvent({ place: place({ venue: word }) }, organisation)
    const inTitle = await stageEvent({ title: word }, organisation)
    const found = await findAll({ q: word })
    expect(found[0]).toBe(inTitle.id)
    expect(found.at(-1)).toBe(inBody.id)
    expect(new Set(found)).toEqual(new Set([inBody, inTag, inCategory, inPlace, inTitle].map(({ id }) => id)))
  })

  it('must all occur, and a single letter is a whole word', async () => {
    const [a, b] = [newWord(), newWord()]
    const both = await stageEvent({ title: `${a} x ${b}` })
    await stageEvent({ title: a })
    expect(await findAll({ q: `${b} ${a}` })).toEqual([both.id])
    expect(await findAll({ q: `${a} x` })).toEqual([both.id])
    expect(await findAll({ q: `${a} w` })).toEqual([])
  })

  it('find a book by its ISBN in any spelling, its author and a product by its brand', async () => {
    const { id } = await stageProduct({
      details: { author: 'Ngũgĩ wa Thiong’o', isbn13: '978-0-14-118688-7' },
    })
    for (const q of ['9780141186887', '978-0-14-118688-7', '0141186887', '0-14-118688-7', 'ngugi thiongo']) {
      expect(await findAll({ q }), q).toContain(id)
    }
  })

  it('of hostile texts break nothing', async () => {
    const { id } = await stageEvent({ title: 'Hostile "quoted" AND (more) *' })
    for (const q of [
      '"',
      '""',
      '*',
      'a*',
      '"a" OR "b"',
      'title:a',
      '{title} : a',
      'NEAR(a b)',
      'a NOT b',
      'AND',
      'OR',
      '^a',
      '-a',
      '(',
      ')',
      '+',
      "'",
      "';--",
      '\\',
      '%',
      '_',
      '🎉',
      '👩‍👩‍👧‍👦',
      '\u202eabc',
      'א'.repeat(50),
      '\u0000',
      'a\u0000b',
      '·',
      'y·event',
      '\ud800',
      '﷽',
      'ａｂｃ',
      'a '.repeat(100).trim(),
      'x'.repeat(200),
    ]) {
      const { status, body } = await ask({ q })
      expect(status, `${JSON.stringify(q)} ${JSON.stringify(body)}`).toBe(200)
    }
    expect(idsOf((await ask({ q: 'x'.repeat(200) })).body)).toEqual([])
    expect((await ask({ q: 'x'.repeat(10_000) })).status).toBe(422)
    expect(await findAll({ q: '"quoted" AND (hostile)' })).toEqual([id])
  })
})

describe('what is found', () => {
  it('is what the public may see: no draft, nothing cancelled or archived', async () => {
    const word = newWord()
    const draft = await stageDraftEvent({ title: word })
    const event = await stageEvent({ title: word })
    const raffle = await stageRaffle({ title: word })
    const product = await stageProduct({ title: word })
    await stageProduct({ title: word, status: 'draft' })
    expect(new Set(await findAll({ q: word }))).toEqual(new Set([event.id, raffle.id, product.id]))
    expect((await as(draft.operator, 'POST', `/events/${draft.id}/publish`)).status).toBe(200)
    expect(await findAll({ q: word })).toContain(draft.id)
    const reason = { reason: 'It rains.' }
    expect((await as(event.operator, 'POST', `/events/${event.id}/cancel`, reason)).status).toBe(200)
    expect((await as(raffle.operator, 'POST', `/raffles/${raffle.id}/cancel`, reason)).status).toBe(200)
    const archived = await as(product.organisation.operator, 'PUT', `/products/${product.id}`, {
      status: 'archived',
    })
    expect(archived.status).toBe(200)
    expect(await findAll({ q: word })).toEqual([draft.id])
  })

  it('follows each change within a second, without a sweep', async () => {
    const word = newWord()
    const { id, operator } = await stageEvent({ title: word })
    await expect.poll(async () => idsOf((await ask({ q: word })).body), { timeout: 5_000 }).toEqual([id])
    await as(operator, 'POST', `/events/${id}/cancel`, { reason: 'It rains.' })
    await expect.poll(async () => idsOf((await ask({ q: word })).body), { timeout: 5_000 }).toEqual([])
  })

  it('follows in the sweep what no request followed', async () => {
    const word = newWord()
    const { id } = await stageEvent({ title: 'Before' })
    await inStep()
    await env.DB.prepare('UPDATE events SET title = ? WHERE id = ?').bind(word, id).run()
    await sweep()
    expect(idsOf((await ask({ q: word })).body)).toEqual([id])
  })

  it('has the names of today', async () => {
    const [word, other] = [newWord(), newWord()]
    const organisation = await organisationWithOperator()
    const { body: category } = await as(organisation.operator, 'POST', '/categories', { name: word })
    const { id } = await stageEvent({ categoryId: category.id }, organisation)
    expect(await findAll({ q: word })).toEqual([id])
    await as(organisation.operator, 'PUT', `/categories/${category.id}`, { name: other })
    expect(await findAll({ q: word })).toEqual([])
    const { data } = await search({ q: other })
    expect(data[0].category).toEqual({ id: category.id, slug: category.slug, name: other })
  })

  it('has the status of the moment', async () => {
    const word = newWord()
    const event = await stageEvent({ title: word })
    const raffle = await stageRaffle({
      title: word,
      opensAt: iso(NOW + HOUR),
      closesAt: iso(NOW + 3 * HOUR),
      drawAt: iso(NOW + 4 * HOUR),
    })
    const statuses = async () => {
      const { data } = await search({ q: word, status: 'published,over,scheduled,open,closed' })
      const found: Record<string, string> = {}
      for (const { id, status, type } of data) {
        found[type] = status
        const read = await as(null, 'GET', `/${type}s/${id}`)
        expect(read.body.status).toBe(status)
      }
      return found
    }
    expect(await statuses()).toEqual({ event: 'published', raffle: 'scheduled' })
    at(NOW + HOUR)
    expect(await statuses()).toEqual({ event: 'published', raffle: 'open' })
    at(NOW + 3 * HOUR)
    expect(await statuses()).toEqual({ event: 'published', raffle: 'closed' })
    at(STARTS_AT + 4 * HOUR)
    expect((await statuses()).event).toBe('over')
    expect(await findAll({ q: word })).toEqual([raffle.id])
    expect(await findAll({ q: word, status: 'over' })).toEqual([event.id])
  })
})

describe('filters', () => {
  it('by type, category, tags, location and dates', async () => {
    const word = newWord()
    const organisation = await organisationWithOperator()
    const { body: category } = await as(organisation.operator, 'POST', '/categories', { name: newWord() })
    const jazz = await stageEvent(
      {
        title: word,
        tags: ['Jazz', 'Open Air'],
        categoryId: category.id,
        place: place({ city: 'São Paulo', country: 'BR' }),
      },
      organisation,
    )
    const rock = await stageEvent(
      { title: word, tags: ['rock', 'open-air'], startsAt: iso(NOW + 40 * DAY), endsAt: iso(NOW + 41 * DAY) },
      organisation,
    )
    const raffle = await stageRaffle(
      { title: word, tags: ['jazz'], location: 'Mombasa, Fort Jesus' },
      organisation,
    )
    const product = await stageProduct({ title: word, tags: ['jazz'], categoryId: category.id }, organisation)
    const expected: [asked: Record<string, string>, ids: { id: string }[]][] = [
      [{ type: 'event' }, [jazz, rock]],
      [{ type: 'raffle,product' }, [raffle, product]],
      [{ category: category.slug }, [jazz, product]],
      [{ category: category.id, type: 'event' }, [jazz]],
      [{ category: 'no-such-category' }, []],
      [{ tags: 'JAZZ' }, [jazz, raffle, product]],
      [{ tags: 'jazz,rock' }, [jazz, rock, raffle, product]],
      [{ tags: 'jazz,open air', tagsMatch: 'all' }, [jazz]],
      [{ tags: 'open air' }, [jazz, rock]],
      [{ location: 'sao paulo' }, [jazz]],
      [{ location: 'BR' }, [jazz]],
      [{ location: 'fort mombasa' }, [raffle]],
      [{ from: iso(NOW + 30 * DAY) }, [rock]],
      [{ to: iso(NOW + 30 * DAY) }, [jazz, raffle]],
      [{ from: iso(STARTS_AT), to: iso(STARTS_AT + 1) }, [jazz]],
      [{ from: iso(STARTS_AT + 1), to: iso(STARTS_AT + HOUR) }, []],
    ]
    for (const [asked, found] of expected) {
      expect(new Set(await findAll({ q: word, ...asked })), JSON.stringify(asked)).toEqual(
        new Set(found.map(({ id }) => id)),
      )
    }
    expect(await findAll({ tags: 'open air', category: category.slug })).toEqual([jazz.id])
  })

  it('by distance, the nearest first, across the date line too', async () => {
    const word = newWord()
    const at = (latitude: number, longitude: number) =>
      stageEvent({ title: word, place: place({ coordinates: { latitude, longitude } }) })
    const nairobi = await at(-1.286, 36.817)
    const thika = await at(-1.033, 37.069)
    const west = await at(-17.8, 179.9)
    const east = await at(-17.8, -179.9)
    await stageEvent({ title: word })
    const near = await search({ q: word, near: '-1.2864,36.8172', radiusKm: 100, sort: 'distance' })
    expect(idsOf(near)).toEqual([nairobi.id, thika.id])
    expect(near.data[0].distanceKm).toBeLessThan(0.1)
    expect(near.data[1].distanceKm).toBeCloseTo(39.7, 0)
    expect(await findAll({ q: word, near: '-1.286,36.817', radiusKm: 30 })).toEqual([nairobi.id])
    expect(await findAll({ near: '-17.8,-179.95', radiusKm: 50 })).toEqual([east.id, west.id])
    expect((await search({ q: word })).data[0].distanceKm).toBeNull()
  })

  it('by price in one currency', async () => {
    const word = newWord()
    const free = await stageRaffle({ title: word })
    const book = await stageProduct({ title: word, price: KES(1_200) })
    const euro = await stageProduct({ title: word, price: { amount: 900, currency: 'EUR' } })
    const event = await stageEvent({ title: word })
    expect((await search({ q: word, type: 'event' })).data[0].prices).toEqual([
      { currency: 'KES', lowest: 0, highest: 5_000 },
    ])
    const found = (asked: Record<string, string | number>) => findAll({ q: word, ...asked })
    expect(new Set(await found({ currency: 'KES' }))).toEqual(new Set([free.id, book.id, event.id]))
    expect(await found({ currency: 'EUR' })).toEqual([euro.id])
    expect(new Set(await found({ currency: 'KES', minPrice: 1_000 }))).toEqual(new Set([book.id, event.id]))
    expect(new Set(await found({ currency: 'KES', maxPrice: 1_000 }))).toEqual(new Set([free.id, event.id]))
    expect((await found({ currency: 'KES', sort: '-price' }))[0]).toBe(book.id)
    expect((await found({ currency: 'KES', sort: 'price' })).at(-1)).toBe(book.id)
  })

  it.each([
    { sort: 'price' },
    { minPrice: 5 },
    { sort: 'distance' },
    { sort: 'relevance' },
    { near: '91,0' },
    { near: '1' },
    { near: 'a,b' },
    { radiusKm: 1_001, near: '1,1' },
    { type: 'person' },
    { status: 'draft' },
    { status: 'cancelled' },
    { unknown: 'x' },
    {
      tags: Array(11)
        .fill('a')
        .map((a, i) => a + i)
        .join(),
    },
    { category: 'Not A Slug' },
    { from: 'yesterday' },
    { sort: 'name' },
  ])('refuses %j', async (asked) => {
    expect((await ask(asked as never)).status).toBe(422)
  })
})

describe('the answer', () => {
  it('is paged in each order, and counts on its first page', async () => {
    const word = newWord()
    const organisation = await organisationWithOperator()
    const { body: category } = await as(organisation.operator, 'POST', '/categories', {
      name: 'Paged things',
    })
    const all = []
    for (let each = 0; each < 7; each++) {
      all.push(
        await stageEvent(
          {
            title: `${word} ${'x '.repeat(each % 3)}`,
            tags: each % 2 === 0 ? ['Even', 'Every'] : ['every'],
            startsAt: iso(NOW + (each + 2) * DAY),
            endsAt: iso(NOW + (each + 3) * DAY),
            categoryId: category.id,
            place: place({
              city: each < 5 ? 'Nakuru' : 'NAKURU',
              coordinates: { latitude: 0, longitude: each % 4 },
            }),
          },
          organisation,
        ),
      )
    }
    const product = await stageProduct({ title: word })
    const ids = all.map(({ id }) => id)
    for (const sort of ['relevance', 'date', '-date', 'distance', 'price', '-price']) {
      const asked = { q: word, sort, limit: 2, type: 'event', near: '0,0', radiusKm: 999, currency: 'KES' }
      const found = await findAll(asked)
      expect(new Set(found), sort).toEqual(new Set(ids))
      expect(found, sort).toHaveLength(7)
      if (sort === 'date') expect(found).toEqual(ids)
      if (sort === '-date') expect(found).toEqual(ids.toReversed())
    }
    expect((await findAll({ q: word, sort: 'date', limit: 3 })).at(-1)).toBe(product.id)
    const first = await search({ q: word, limit: 3 })
    expect(first).toMatchObject({ total: 8, complete: true, didYouMean: null })
    expect(first.facets).toEqual({
      types: [
        { type: 'event', count: 7 },
        { type: 'product', count: 1 },
      ],
      categories: [{ slug: category.slug, name: 'Paged things', count: 7 }],
      cities: [{ city: 'NAKURU', count: 7 }],
      tags: [
        { tag: 'Every', count: 7 },
        { tag: 'Even', count: 4 },
      ],
    })
    const next = await search({ q: word, limit: 3, cursor: first.nextCursor })
    expect(next).toMatchObject({ total: null, facets: null })
    expect((await ask({ q: word, sort: 'date', cursor: first.nextCursor })).status).toBe(400)
  })

  it('suggests words that are there, if nothing is found', async () => {
    const word = 'Kakamega'
    await stageEvent({ title: `${word} Reggaefest`, place: place({ city: 'Eldoret' }) })
    await inStep()
    expect((await search({ q: 'kakamga' })).didYouMean).toBe('kakamega')
    expect((await search({ q: 'Reggeafest kakamaga' })).didYouMean).toBe('reggaefest kakamega')
    expect((await search({ q: 'eldorte' })).didYouMean).toBe('eldoret')
    expect((await search({ q: 'kakamga', type: 'product' })).didYouMean).toBeNull()
    expect((await search({ q: 'zzzzqqqq' })).didYouMean).toBeNull()
    expect((await search({ q: 'kakamega' })).didYouMean).toBeNull()
  })
})
