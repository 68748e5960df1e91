// A field that a request may send is stored and shown. So a field that is added to a contract and forgotten elsewhere fails
// here: each key of each body that creates or changes something needs a value in this file, and must come back.
import { describe, expect, it } from 'vitest'
import { apiDocument } from '../../scripts/api-document/document.ts'
import { app } from '../../src/app.ts'
import { FIXED_BY_PUBLICATION } from '../../src/raffles/contract.ts'
import type { Answer } from '../harness/client.ts'
import { organisationWithOperator, registerPlayer, signedInAdmin } from '../harness/people.ts'
import { as, CLOSES_AT, DAY, DRAW_AT, HOUR, iso, NOW, useClock } from '../raffles/scenario.ts'

useClock()

type Fields = Record<string, unknown>
type Shown = Answer['body']

interface Case {
  create?: { path: string; body: (own: Own) => Fields }
  change: (own: Own) => Fields
  /** Where a field is shown, if it has another name or place. */
  shown?: Record<string, (shown: Shown) => unknown>
  /** Fields that are part of the request but not of the thing. */
  unseen?: readonly string[]
}

interface Own {
  organisationId: string
  categoryId: string
  otherCategoryId: string
}

const KES = (amount: number) => ({ amount, currency: 'KES' })
const cashOf = (amount: number, quantity: number) => [
  { kind: 'cash', title: `Cash ${amount}`, quantity, value: KES(amount) },
]

/** Entries that are bought, then entries that orders earn: together they use every rule. */
const BOUGHT = {
  title: 'Books',
  ticketPrice: KES(250),
  totalTickets: 40,
  maxPerUser: 4,
  numbering: 'chosen',
  opensAt: iso(NOW - HOUR),
  closesAt: iso(CLOSES_AT + HOUR),
  drawAt: iso(DRAW_AT + 3 * HOUR),
  prizes: cashOf(100, 2),
  winPolicy: 'perHolder',
  minTickets: 3,
  rakeBps: 150,
  guaranteed: false,
  providers: ['sandbox'],
  entry: 'purchase',
  entrants: 'proved',
  staffMayEnter: true,
  challenge: 'none',
  countries: ['KE', 'UG'],
  earning: null,
  draw: { method: 'beacon' },
  claimDays: 5,
  onUnclaimed: 'keep',
  maxRedraws: 1,
  earlyClose: 'soldOut',
  poolLocation: 'afr',
}
const EARNED = {
  title: 'More books',
  ticketPrice: KES(0),
  totalTickets: 50,
  maxPerUser: 5,
  numbering: 'random',
  opensAt: iso(NOW - 2 * HOUR),
  closesAt: iso(CLOSES_AT + 2 * HOUR),
  drawAt: iso(DRAW_AT + 5 * HOUR),
  prizes: [{ kind: 'item', title: 'A lamp', quantity: 3, value: KES(90) }],
  winPolicy: 'perTicket',
  minTickets: 4,
  rakeBps: 0,
  guaranteed: false,
  providers: ['sandbox', 'manual'],
  entry: 'order',
  entrants: 'anyone',
  staffMayEnter: false,
  challenge: 'none',
  countries: ['TZ'],
  earning: { per: 'amount', minAmount: 5, oncePerPerson: true, amountPerEntry: 7, maxPerOrder: 9 },
  draw: { method: 'beacon' },
  claimDays: 6,
  onUnclaimed: 'redraw',
  maxRedraws: 2,
  earlyClose: 'no',
  poolLocation: 'weur',
}
const TEXTS = {
  description: 'Read them.',
  imageUrl: 'https://a.example/1.png',
  tags: ['one', 'two'],
  location: 'Nairobi',
  timeZone: 'Africa/Nairobi',
}
const OTHER_TEXTS = {
  description: 'Read more.',
  imageUrl: 'https://a.example/2.png',
  tags: ['three'],
  location: 'Kisumu',
  timeZone: 'Africa/Lagos',
}

const without = (fields: Fields, ...names: string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))

const TIMES = ['opensAt', 'closesAt', 'drawAt']
const terms = (fields: Fields, texts: Fields, categoryId: string): Fields => ({
  ...without(fields, ...TIMES),
  ...texts,
  categoryId,
})
const ofOrganisation = { organisationId: ({ organisation }: Shown) => organisation.id }

const CASES: Record<string, Case> = {
  '/raffles/{id}': {
    create: {
      path: '/raffles',
      body: ({ organisationId, categoryId }) => ({ organisationId, ...BOUGHT, ...TEXTS, categoryId }),
    },
    change: ({ otherCategoryId }) => ({ ...EARNED, ...OTHER_TEXTS, categoryId: otherCategoryId }),
    shown: ofOrganisation,
  },
  '/raffle-templates/{id}': {
    create: {
      path: '/raffle-templates',
      body: ({ organisationId, categoryId }) => ({
        organisationId,
        name: 'One',
        colour: '#1e90ff',
        ...terms(BOUGHT, TEXTS, categoryId),
      }),
    },
    change: ({ otherCategoryId }) => ({
      name: 'Two',
      colour: '#00ff00',
      ...terms(EARNED, OTHER_TEXTS, otherCategoryId),
    }),
    shown: ofOrganisation,
  },
  '/series/{id}': {
    create: {
      path: '/series',
      body: ({ organisationId, categoryId }) => ({
        organisationId,
        title: 'Every day',
        cadence: { every: 'day' },
        time: '20:00',
        timeZone: 'Africa/Nairobi',
        opensBefore: 1_440,
        closesBefore: 60,
        startsOn: '2031-05-06',
        endsOn: '2031-09-01',
        terms: without(terms(BOUGHT, TEXTS, categoryId), 'title', 'timeZone'),
      }),
    },
    change: ({ otherCategoryId }) => ({
      title: 'Every week',
      cadence: { every: 'week', weekdays: ['monday'] },
      time: '21:00',
      timeZone: 'Africa/Lagos',
      opensBefore: 2_880,
      closesBefore: 90,
      startsOn: '2031-05-07',
      endsOn: '2031-10-01',
      status: 'paused',
      terms: without(terms(EARNED, OTHER_TEXTS, otherCategoryId), 'title', 'timeZone'),
    }),
    shown: ofOrganisation,
    unseen: ['templateId'],
  },
  '/series/{id}/rewards/{date}': {
    change: () => ({ prizes: cashOf(70, 1), imageUrl: 'https://a.example/3.png' }),
  },
  '/events/{id}': {
    create: {
      path: '/events',
      body: ({ organisationId, categoryId }) => ({
        organisationId,
        categoryId,
        title: 'A concert',
        description: 'Loud.',
        images: ['https://a.example/6.png'],
        tags: ['music'],
        place: {
          venue: 'Hall',
          address: '1 Road',
          city: 'Nairobi',
          country: 'KE',
          coordinates: { latitude: -1.3, longitude: 36.8 },
        },
        onlineUrl: null,
        startsAt: iso(NOW + DAY),
        endsAt: iso(NOW + 2 * DAY),
        timeZone: 'Africa/Nairobi',
        transferable: true,
        providers: ['sandbox'],
        countries: ['KE'],
        attendeeNames: 'required',
      }),
    },
    change: ({ otherCategoryId }) => ({
      categoryId: otherCategoryId,
      title: 'A play',
      description: 'Quiet.',
      images: ['https://a.example/7.png'],
      tags: ['stage'],
      place: null,
      onlineUrl: 'https://meet.example/play',
      startsAt: iso(NOW + 3 * DAY),
      endsAt: iso(NOW + 4 * DAY),
      timeZone: 'Africa/Lagos',
      transferable: false,
      providers: ['manual'],
      countries: ['UG', 'TZ'],
      attendeeNames: 'none',
    }),
    shown: ofOrganisation,
  },
  '/events/{id}/capacity-groups/{groupId}': {
    create: { path: '/events/{id}/capacity-groups', body: () => ({ name: 'Hall', capacity: 300 }) },
    change: () => ({ name: 'Tent', capacity: 200 }),
  },
  '/events/{id}/ticket-types/{typeId}': {
    create: {
      path: '/events/{id}/ticket-types',
      body: () => ({
        name: 'Early',
        description: 'Cheap.',
        price: KES(100),
        capacity: 10,
        maxPerUser: 3,
        opensAt: iso(NOW),
        closesAt: iso(NOW + HOUR),
        hidden: true,
        position: 2,
        capacityGroupId: null,
      }),
    },
    change: () => ({
      name: 'Late',
      description: 'Dear.',
      price: KES(200),
      capacity: 11,
      maxPerUser: 4,
      opensAt: iso(NOW + HOUR),
      closesAt: iso(NOW + 2 * HOUR),
      hidden: false,
      position: 3,
      capacityGroupId: null,
    }),
  },
  '/products/{id}': {
    create: {
      path: '/products',
      body: ({ organisationId, categoryId }) => ({
        organisationId,
        categoryId,
        kind: 'sound_device',
        title: 'Radio',
        description: 'Loud.',
        price: KES(900),
        stock: 4,
        images: ['https://a.example/4.png'],
        tags: ['loud'],
        status: 'draft',
        details: { brand: 'Radiola', specs: [{ name: 'Power', value: '20 W' }] },
      }),
    },
    change: ({ otherCategoryId }) => ({
      categoryId: otherCategoryId,
      title: 'Radio 2',
      description: 'Louder.',
      price: { amount: 950, currency: 'USD' },
      stock: 5,
      images: ['https://a.example/5.png'],
      tags: ['louder'],
      status: 'active',
      details: { brand: 'Sonora', specs: [{ name: 'Power', value: '30 W' }] },
      stockWas: 4,
    }),
    unseen: ['stockWas'],
  },
  '/categories/{id}': {
    create: {
      path: '/categories',
      body: ({ organisationId }) => ({ organisationId, name: 'Poems', slug: 'verse' }),
    },
    change: () => ({ name: 'Plays', slug: 'drama' }),
  },
  '/lotteries/{id}': {
    create: {
      path: '/lotteries',
      body: () => ({
        name: 'The river',
        country: 'CO',
        cadence: { every: 'week', weekdays: ['friday'] },
        time: '22:30',
        timeZone: 'America/Bogota',
        numbersPerDraw: 3,
        digits: 4,
        resultsUrl: 'https://a.example/{date}',
      }),
    },
    change: () => ({
      name: 'The sea',
      country: 'KE',
      cadence: { every: 'day' },
      time: '21:00',
      timeZone: 'Africa/Nairobi',
      resultsUrl: 'https://b.example/latest',
      status: 'archived',
    }),
  },
  '/users/me': {
    change: () => ({ name: 'Zawadi', phone: '+254712345678', winnerDisplay: 'anonymous', language: 'es' }),
  },
}

/** Bodies of one field that is a decision of its own, with tests of its own. */
const DECISIONS = [
  '/users/{id}/status',
  '/organisations/{id}/guarantee-limits/{currency}',
  '/organisations/{id}/priced-sales',
  '/organisations/{id}/selling',
  '/tickets/{id}/admissions/{number}',
]

async function stage(): Promise<Own & { operator: { id: string } }> {
  const { id: organisationId, operator } = await organisationWithOperator()
  const category = async (name: string): Promise<string> =>
    (await as(operator, 'POST', '/categories', { name })).body.id
  return { operator, organisationId, categoryId: await category('A'), otherCategoryId: await category('B') }
}

function expectShown(
  what: string,
  shown: Shown,
  sent: Fields,
  { shown: places = {}, unseen = [] }: Case,
): void {
  for (const [name, value] of Object.entries(sent)) {
    if (unseen.includes(name)) continue
    const place = places[name]
    expect(place === undefined ? shown[name] : place(shown), `${what}: ${name}`).toEqual(value)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: parsed JSON
type Json = any
let document: Json

function keysOf(path: string, method: string): string[] {
  document ??= apiDocument(app)
  const resolved = (schema: Json): Json =>
    schema.$ref === undefined ? schema : resolved(document.components.schemas[schema.$ref.split('/').at(-1)])
  const allKeys = (schema: Json): string[] => {
    const { properties = {}, oneOf = [], anyOf = [] } = resolved(schema)
    return [...Object.keys(properties), ...[...oneOf, ...anyOf].flatMap(allKeys)]
  }
  const { requestBody } = document.paths[`/api/v1${path}`][method]
  return [...new Set(allKeys(requestBody.content['application/json'].schema))]
}

describe('each field that a request may send', () => {
  it('is in this file', async () => {
    const own = await stage()
    for (const [path, { create, change, unseen = [] }] of Object.entries(CASES)) {
      const expected = (keys: string[]) => keys.filter((key) => !unseen.includes(key)).sort()
      const sent = (fields: Fields) => expected(Object.keys(fields))
      expect(sent(change(own)), `PUT ${path}`).toEqual(expected(keysOf(path, 'put')))
      if (create === undefined) continue
      expect(sent(create.body(own)), `POST ${create.path}`).toEqual(expected(keysOf(create.path, 'post')))
    }
    const changing = Object.entries<Json>(document.paths)
      .filter(([, item]) => item.put?.requestBody ?? item.patch?.requestBody)
      .map(([path]) => path.replace('/api/v1', ''))
    expect(changing.sort()).toEqual([...Object.keys(CASES), ...DECISIONS].sort())
  })

  it.each(Object.entries(CASES))('is stored and shown: %s', async (path, one) => {
    const own = await stage()
    if (path === '/users/me') own.operator = await registerPlayer()
    if (path === '/lotteries/{id}') own.operator = await signedInAdmin()
    const create = async (of: Case, parentId: string): Promise<string> => {
      if (of.create === undefined) return iso(NOW + 2 * DAY).slice(0, 10)
      const body = of.create.body(own)
      const made = await as(own.operator, 'POST', of.create.path.replace('{id}', parentId), body)
      expect(made.status, JSON.stringify(made.body)).toBe(201)
      expectShown(`POST ${of.create.path}`, made.body, body, of)
      return made.body.id
    }
    const parent = /^(\/\w+\/\{id\})\/./.exec(path)?.[1]
    const parentId = parent === undefined ? '' : await create(CASES[parent]!, '')
    const id = await create(one, parentId)
    const where = (parent === undefined ? path : path.replace('{id}', parentId)).replace(/\{\w+\}/, id)
    const change = one.change(own)
    const changed = await as(own.operator, 'PUT', where, change)
    expect(changed.status, JSON.stringify(changed.body)).toBe(200)
    expectShown(`PUT ${path}`, changed.body, change, one)
    // What belongs to another thing cannot be read alone.
    if (parent !== undefined) return
    expectShown(`GET ${path}`, (await as(own.operator, 'GET', where)).body, change, one)
  })

  it('is stored and shown after a raffle is published too, as far as it may still change', async () => {
    const own = await stage()
    const { body } = await as(own.operator, 'POST', '/raffles', {
      ...BOUGHT,
      ...TEXTS,
      guaranteed: false,
      minTickets: 0,
      prizes: [{ title: 'A book', quantity: 1 }],
    })
    const published = await as(own.operator, 'POST', `/raffles/${body.id}/publish`)
    expect(published.status, JSON.stringify(published.body)).toBe(200)
    const change: Fields = {
      ...without(EARNED, 'entry', ...FIXED_BY_PUBLICATION),
      ...OTHER_TEXTS,
      categoryId: own.otherCategoryId,
    }
    const changed = await as(own.operator, 'PUT', `/raffles/${body.id}`, change)
    expect(changed.status, JSON.stringify(changed.body)).toBe(200)
    expectShown('PUT', (await as(own.operator, 'GET', `/raffles/${body.id}`)).body, change, {
      change: () => ({}),
    })
  })
})
