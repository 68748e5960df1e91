/** Examples for the API document. */
import { EXAMPLE_CATEGORY_ID, EXAMPLE_ORGANISATION, EXAMPLE_TICKET_TYPE_ID } from '../core/examples.ts'

export const EXAMPLE_EVENT_ID = 'event_01kaf1q7v8fmk9m2q0c8w1g6ne'

export const EXAMPLE_TICKET_TYPE = {
  id: EXAMPLE_TICKET_TYPE_ID,
  eventId: EXAMPLE_EVENT_ID,
  name: 'Regular',
  description: 'Standing, with a drink.',
  price: { amount: 150_000, currency: 'KES' },
  capacity: 200,
  sold: 12,
  held: 2,
  waiting: 0,
  available: 186,
  maxPerUser: 10,
  opensAt: '2026-11-20T16:30:00.000Z',
  closesAt: '2026-12-05T20:00:00.000Z',
  hidden: false,
  position: 0,
  capacityGroupId: null,
  sale: 'open',
}

export const EXAMPLE_EVENT = {
  id: EXAMPLE_EVENT_ID,
  slug: 'jazz-at-the-lake-9m2q0c8w1g',
  status: 'published',
  organisation: EXAMPLE_ORGANISATION,
  title: 'Jazz at the Lake',
  description: 'Four bands, one evening.',
  images: [],
  categoryId: EXAMPLE_CATEGORY_ID,
  tags: ['jazz', 'open air'],
  place: {
    venue: 'Dunga Beach',
    address: 'Dunga Road',
    city: 'Kisumu',
    country: 'KE',
    coordinates: { latitude: -0.145, longitude: 34.738 },
  },
  onlineUrl: null,
  startsAt: '2026-12-05T15:00:00.000Z',
  endsAt: '2026-12-05T20:00:00.000Z',
  timeZone: 'Africa/Nairobi',
  local: { startsAt: '2026-12-05T18:00:00+03:00', endsAt: '2026-12-05T23:00:00+03:00' },
  postponed: null,
  transferable: true,
  providers: ['sandbox'],
  countries: null,
  attendeeNames: 'none',
  cancellation: null,
  ticketTypes: [EXAMPLE_TICKET_TYPE],
  createdAt: '2026-11-20T16:00:00.000Z',
  updatedAt: '2026-11-20T16:30:00.000Z',
}

export const EXAMPLE_DRAFT = {
  ...EXAMPLE_EVENT,
  status: 'draft',
  ticketTypes: [],
  updatedAt: EXAMPLE_EVENT.createdAt,
}

const { title, description, images, categoryId, tags, place, timeZone, providers } = EXAMPLE_EVENT
const { name, price, capacity, maxPerUser } = EXAMPLE_TICKET_TYPE
const times = { startsAt: '2026-12-05T18:00:00+03:00', endsAt: '2026-12-05T23:00:00+03:00' }
const later = { startsAt: '2026-12-12T18:00:00+03:00', endsAt: '2026-12-12T23:00:00+03:00' }

/** Request bodies, by schema name. */
export const BODIES = {
  CreateEvent: {
    organisationId: EXAMPLE_ORGANISATION.id,
    title,
    description,
    images,
    categoryId,
    tags,
    place,
    ...times,
    timeZone,
    providers,
  },
  UpdateEvent: { description: 'Five bands, one evening.' },
  PostponeEvent: { ...later, reason: 'A storm is forecast.' },
  CloneEvent: { title: 'Jazz at the Lake, again', ...later },
  CreateTicketType: { name, description: EXAMPLE_TICKET_TYPE.description, price, capacity, maxPerUser },
  Reason: { reason: 'The river has flooded the stage.' },
  UpdateTicketType: { capacity: 250 },
}
