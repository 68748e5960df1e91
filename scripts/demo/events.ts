/** Makes the demo's events through the API: in several cities, past and to come, one of them sold out, with people who wait. */
import { call, listByLabel, type Stage } from './call.ts'
import { PLAYER, READERS } from './people.ts'
import type { Shop } from './shop.ts'
import { tokenOf } from './tokens.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

interface DemoEvent {
  title: string
  description: string
  /** The name of a category of the shop. */
  category: string
  tags: string[]
  place: object | null
  onlineUrl?: string
  timeZone: string
  when: ToCome | JustOver
  types: {
    name: string
    price: { amount: number; currency: string }
    capacity: number
    maxPerUser?: number
  }[]
  /** How many readers have a ticket of its first type. If that sells it out, the others wait for one. */
  readers?: number
}

interface ToCome {
  /** In how many days it starts, at which hour of UTC, and how many hours it takes. */
  inDays: number
  hour: number
  hours: number
}

/** Nobody can publish an event that is over. So it began before the demo, and ends a few minutes after it. */
interface JustOver {
  begunHours: number
  endsInMinutes: number
}

interface MadeEvent {
  id: string
  status: string
  ticketTypes: { id: string; name: string; capacity: number }[]
}

const KES = (amount: number) => ({ amount, currency: 'KES' })

const EVENTS: readonly DemoEvent[] = [
  {
    title: 'An evening of new Kenyan poetry',
    description: 'Six poets read from books that came out this year. Tea is served.',
    category: 'Readings',
    tags: ['poetry', 'reading'],
    place: {
      venue: 'Kilimani Books',
      address: 'Argwings Kodhek Road',
      city: 'Nairobi',
      country: 'KE',
      coordinates: { latitude: -1.2921, longitude: 36.7856 },
    },
    timeZone: 'Africa/Nairobi',
    when: { inDays: 9, hour: 15, hours: 3 },
    types: [
      { name: 'Regular', price: KES(50_000), capacity: 80 },
      { name: 'Front row, with a signed book', price: KES(180_000), capacity: 12, maxPerUser: 2 },
      { name: 'Students', price: KES(0), capacity: 20, maxPerUser: 1 },
    ],
  },
  {
    title: 'Letters from the lake',
    description: 'A walk along the shore of Lake Victoria with the stories that were written there.',
    category: 'Walks',
    tags: ['walk', 'open air'],
    place: {
      venue: 'Dunga Beach',
      address: null,
      city: 'Kisumu',
      country: 'KE',
      coordinates: { latitude: -0.145, longitude: 34.738 },
    },
    timeZone: 'Africa/Nairobi',
    when: { inDays: 16, hour: 6, hours: 4 },
    types: [{ name: 'A place on the walk', price: KES(0), capacity: 3, maxPerUser: 1 }],
    readers: 3,
  },
  {
    title: 'Contos à meia-noite',
    description: 'Um serão de contos brasileiros, lidos por quem os escreveu.',
    category: 'Readings',
    tags: ['reading', 'português'],
    place: {
      venue: 'Casa das Rosas',
      address: 'Avenida Paulista 37',
      city: 'São Paulo',
      country: 'BR',
      coordinates: { latitude: -23.5708, longitude: -46.6447 },
    },
    timeZone: 'America/Sao_Paulo',
    when: { inDays: 23, hour: 23, hours: 3 },
    types: [{ name: 'Entrada', price: { amount: 4_000, currency: 'BRL' }, capacity: 60 }],
  },
  {
    title: 'How to bind a book',
    description: 'An online class in four hours. You need paper, thread, a needle and a bone folder.',
    category: 'Workshops',
    tags: ['class', 'craft'],
    place: null,
    onlineUrl: 'https://meet.tombola.example/bind-a-book',
    timeZone: 'Europe/Berlin',
    when: { inDays: 5, hour: 17, hours: 4 },
    types: [{ name: 'A seat', price: { amount: 1_500, currency: 'EUR' }, capacity: 200 }],
  },
  {
    title: 'Stories under the fig tree',
    description: 'A morning for children in the garden of the library.',
    category: 'Readings',
    tags: ['children', 'reading'],
    place: {
      venue: 'Kampala Library',
      address: 'Buganda Road',
      city: 'Kampala',
      country: 'UG',
      coordinates: { latitude: 0.3163, longitude: 32.5711 },
    },
    timeZone: 'Africa/Kampala',
    when: { begunHours: 3, endsInMinutes: 3 },
    types: [{ name: 'A seat on the grass', price: KES(0), capacity: 30, maxPerUser: 4 }],
    readers: 4,
  },
  {
    title: 'The breakfast of second-hand books',
    description: 'Bring a book, take a book. Coffee is on the house.',
    category: 'Book swaps',
    tags: ['swap', 'coffee'],
    place: { venue: 'Kilimani Books', address: 'Argwings Kodhek Road', city: 'Nairobi', country: 'KE' },
    timeZone: 'Africa/Nairobi',
    when: { begunHours: 2, endsInMinutes: 2 },
    types: [{ name: 'Regular', price: KES(0), capacity: 40 }],
    readers: 2,
  },
]

export const EVENT_CATEGORIES: readonly string[] = [...new Set(EVENTS.map(({ category }) => category))]

export async function makeEvents(stage: Stage, { categoryId }: Shop): Promise<void> {
  const existing = await listByLabel(stage, '/events')
  await Promise.all(
    EVENTS.map(({ category, ...event }) =>
      makeOne(stage, { ...event, categoryId: categoryId(category) }, existing.get(event.title)),
    ),
  )
}

function timesOf(when: DemoEvent['when']): { startsAt: string; endsAt: string } {
  const now = Date.now()
  const [startsAt, endsAt] =
    'inDays' in when
      ? hoursOf((Math.floor(now / DAY_MS) + when.inDays) * DAY_MS + when.hour * HOUR_MS, when.hours)
      : [now - when.begunHours * HOUR_MS, now + when.endsInMinutes * MINUTE_MS]
  return { startsAt: new Date(startsAt).toISOString(), endsAt: new Date(endsAt).toISOString() }
}

const hoursOf = (from: number, hours: number): [number, number] => [from, from + hours * HOUR_MS]

async function makeOne(
  { origin, organisationId, token }: Stage,
  { types, readers, when, ...fields }: Omit<DemoEvent, 'category'> & { categoryId: string },
  known: MadeEvent | undefined,
): Promise<void> {
  const body = { ...fields, ...timesOf(when), organisationId, providers: ['sandbox'] }
  const made: MadeEvent = known ?? (await call(origin, 'POST', '/events', { token, body }))
  const path = `/events/${made.id}`
  for (const [position, type] of types.entries()) {
    if (made.ticketTypes.some(({ name }: { name: string }) => name === type.name)) continue
    await call(origin, 'POST', `${path}/ticket-types`, { token, body: { ...type, position } })
  }
  if (made.status === 'draft') {
    // The times of an interrupted run may have passed.
    if (known !== undefined) await call(origin, 'PUT', path, { token, body: timesOf(when) })
    await call(origin, 'POST', `${path}/publish`, { token })
  }
  const shown: MadeEvent = await call(origin, 'GET', path, { token })
  if (readers !== undefined && shown.status !== 'over') await fill(origin, shown, readers)
}

/** Gives a ticket of the first type to some readers. If that sells it out, the others wait for one. */
async function fill(origin: string, { id, ticketTypes }: MadeEvent, readers: number): Promise<void> {
  const type = ticketTypes[0]!
  const takes = async (email: string) =>
    call(origin, 'POST', '/tickets/purchase', {
      token: await tokenOf(origin, email),
      body: { ticketTypeId: type.id, quantity: 1 },
      key: 'tombola-demo-event',
      // The person has a ticket already, or it is sold out.
      accept: [409],
    })
  await Promise.all(READERS.slice(0, readers).map(({ email }) => takes(email)))
  if (readers < type.capacity) return
  for (const { email } of [...READERS.slice(readers), PLAYER]) {
    await call(origin, 'POST', `/events/${id}/ticket-types/${type.id}/waiting-list`, {
      token: await tokenOf(origin, email),
      body: { quantity: 1 },
      accept: [409],
    })
  }
}
