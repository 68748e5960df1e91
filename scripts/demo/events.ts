/** Makes the demo's events through the API: in several cities, one of them sold out. */
import { call, listByLabel, type Stage } from './call.ts'
import { READERS } from './people.ts'
import { tokenOf } from './tokens.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

interface DemoEvent {
  title: string
  description: string
  tags: string[]
  place: object | null
  timeZone: string
  /** In how many days it starts, at which hour of UTC, and how many hours it takes. */
  inDays: number
  hour: number
  hours: number
  types: {
    name: string
    price: { amount: number; currency: string }
    capacity: number
    maxPerUser?: number
  }[]
  /** Readers take all tickets of its first type. */
  isSoldOut?: true
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
    tags: ['poetry', 'reading'],
    place: {
      venue: 'Kilimani Books',
      address: 'Argwings Kodhek Road',
      city: 'Nairobi',
      country: 'KE',
      coordinates: { latitude: -1.2921, longitude: 36.7856 },
    },
    timeZone: 'Africa/Nairobi',
    inDays: 9,
    hour: 15,
    hours: 3,
    types: [
      { name: 'Regular', price: KES(50_000), capacity: 80 },
      { name: 'Front row, with a signed book', price: KES(180_000), capacity: 12, maxPerUser: 2 },
      { name: 'Students', price: KES(0), capacity: 20, maxPerUser: 1 },
    ],
  },
  {
    title: 'Letters from the lake',
    description: 'A walk along the shore of Lake Victoria with the stories that were written there.',
    tags: ['walk', 'open air'],
    place: {
      venue: 'Dunga Beach',
      address: null,
      city: 'Kisumu',
      country: 'KE',
      coordinates: { latitude: -0.145, longitude: 34.738 },
    },
    timeZone: 'Africa/Nairobi',
    inDays: 16,
    hour: 6,
    hours: 4,
    types: [{ name: 'A place on the walk', price: KES(0), capacity: 4, maxPerUser: 1 }],
    isSoldOut: true,
  },
  {
    title: 'Contos à meia-noite',
    description: 'Um serão de contos brasileiros, lidos por quem os escreveu.',
    tags: ['reading', 'português'],
    place: {
      venue: 'Casa das Rosas',
      address: 'Avenida Paulista 37',
      city: 'São Paulo',
      country: 'BR',
      coordinates: { latitude: -23.5708, longitude: -46.6447 },
    },
    timeZone: 'America/Sao_Paulo',
    inDays: 23,
    hour: 23,
    hours: 3,
    types: [{ name: 'Entrada', price: { amount: 4_000, currency: 'BRL' }, capacity: 60 }],
  },
  {
    title: 'How to bind a book',
    description: 'An online class in four hours. You need paper, thread, a needle and a bone folder.',
    tags: ['class', 'craft'],
    place: null,
    timeZone: 'Europe/Berlin',
    inDays: 5,
    hour: 17,
    hours: 4,
    types: [{ name: 'A seat', price: { amount: 1_500, currency: 'EUR' }, capacity: 200 }],
  },
]

export async function makeEvents(stage: Stage): Promise<void> {
  const existing = await listByLabel(stage, '/events')
  await Promise.all(EVENTS.map((event) => makeOne(stage, event, existing.get(event.title))))
}

async function makeOne(
  { origin, organisationId, token }: Stage,
  event: DemoEvent,
  known: MadeEvent | undefined,
): Promise<void> {
  const { types, isSoldOut, inDays, hour, hours, ...fields } = event
  const day = Math.floor(Date.now() / DAY_MS) + inDays
  const startsAt = day * DAY_MS + hour * HOUR_MS
  const body = {
    ...fields,
    organisationId,
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(startsAt + hours * HOUR_MS).toISOString(),
    providers: ['sandbox'],
  }
  const made: MadeEvent = known ?? (await call(origin, 'POST', '/events', { token, body }))
  for (const [position, type] of types.entries()) {
    if (made.ticketTypes.some(({ name }: { name: string }) => name === type.name)) continue
    await call(origin, 'POST', `/events/${made.id}/ticket-types`, { token, body: { ...type, position } })
  }
  const shown =
    made.status === 'draft'
      ? await call(origin, 'POST', `/events/${made.id}/publish`, { token })
      : await call(origin, 'GET', `/events/${made.id}`, { token })
  if (isSoldOut) await sellOut(origin, shown.ticketTypes[0])
}

async function sellOut(origin: string, { id, capacity }: { id: string; capacity: number }): Promise<void> {
  await Promise.all(
    READERS.slice(0, capacity).map(async ({ email }) =>
      call(origin, 'POST', '/tickets/purchase', {
        token: await tokenOf(origin, email),
        body: { ticketTypeId: id, quantity: 1 },
        key: 'tombola-demo-event',
        // The person has a ticket already, or it is sold out.
        accept: [409],
      }),
    ),
  )
}
