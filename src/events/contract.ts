/** The shapes of events and ticket types on the wire: requests, with every bound, and responses. */
import * as z from 'zod'
import { SaleCountries, SaleCountriesIn } from '../core/countries.ts'
import { Id } from '../core/ids.ts'
import { Money, MoneyIn } from '../core/money.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { SearchWords } from '../core/search.ts'
import { IdOrSlug } from '../core/slug.ts'
import { Line, LongText } from '../core/text.ts'
import { Instant, InstantIn, TimeZone } from '../core/time.ts'
import { HttpsUrl } from '../core/web-address.ts'
import { Provider } from '../money/provider-name.ts'
import { ProviderIn } from '../money/providers/offered.ts'
import { MAX_TICKETS_A_POOL } from '../tickets/terms.ts'
import { ATTENDEE_NAMES } from './schema.ts'

/** The most ticket types of one event. */
export const MAX_TICKET_TYPES = 50
const MAX_IMAGES = 10
const MAX_TAGS = 10

/** The platform sets no alarm after 2189. */
const EARLIEST = Date.parse('2000-01-01T00:00:00Z')
export const LATEST = Date.parse('2100-01-01T00:00:00Z')
const EventInstant = InstantIn.refine(
  (ms) => ms >= EARLIEST && ms <= LATEST,
  'must lie between the years 2000 and 2100',
)

const EventStatus = z.enum(['draft', 'published', 'postponed', 'over', 'cancelled']).meta({
  description: '`postponed`: it has a later date than it was published with. `over`: it has ended.',
})
export type EventStatus = z.infer<typeof EventStatus>

const Country = z.string().regex(/^[A-Z]{2}$/, 'must be a country code such as KE')
const City = Line(1, 120)

const Place = z
  .strictObject({
    venue: Line(1, 160),
    address: Line(1, 300).nullable().default(null),
    city: City,
    country: Country.meta({ description: 'ISO 3166-1 alpha-2.' }),
    coordinates: z
      .strictObject({
        latitude: z.number().min(-90).max(90),
        longitude: z.number().min(-180).max(180),
      })
      .nullable()
      .default(null)
      .describe('Where it is, in degrees of WGS 84; null: not given.'),
  })
  .meta({ id: 'EventPlace' })

const fields = {
  title: Line(1, 160),
  description: LongText(10_000),
  images: z.array(HttpsUrl).max(MAX_IMAGES),
  categoryId: Id('category').nullable(),
  tags: z.array(Line(1, 30)).max(MAX_TAGS),
  place: Place.nullable().meta({ description: 'Null: the event is online.' }),
  onlineUrl: HttpsUrl.nullable().meta({
    description:
      'Where an online event takes place. Only members, and holders of a ticket in their admissions, see it.',
  }),
  startsAt: EventInstant,
  endsAt: EventInstant,
  timeZone: TimeZone,
  transferable: z.boolean().meta({
    description: 'Whether a holder may give a ticket to one other person. It may change at any time.',
  }),
  providers: z
    .array(ProviderIn)
    .max(4)
    .refine((providers) => new Set(providers).size === providers.length, 'must not name a provider twice')
    .meta({ description: 'How tickets that cost money can be paid.' }),
  countries: SaleCountriesIn,
  attendeeNames: z.enum(ATTENDEE_NAMES).meta({
    description:
      '`required`: a ticket has no code until its holder has named who comes with it. After publication it can only be set to `none`.',
  }),
}

const isInOrder = ({ startsAt, endsAt }: { startsAt?: number | undefined; endsAt?: number | undefined }) =>
  startsAt === undefined || endsAt === undefined || startsAt < endsAt
const IN_ORDER = { path: ['endsAt'], message: 'must come after startsAt' }

export const CreateEvent = z
  .strictObject({
    organisationId: Id('organisation').optional(),
    ...fields,
    description: fields.description.default(''),
    images: fields.images.default([]),
    categoryId: fields.categoryId.default(null),
    tags: fields.tags.default([]),
    place: fields.place.default(null),
    onlineUrl: fields.onlineUrl.default(null),
    timeZone: fields.timeZone.default('UTC'),
    transferable: fields.transferable.default(true),
    providers: fields.providers.default([]),
    countries: fields.countries.default(null),
    attendeeNames: fields.attendeeNames.default('none'),
  })
  .refine(isInOrder, IN_ORDER)
  .meta({ id: 'CreateEvent' })
export type CreateEvent = z.infer<typeof CreateEvent>

/** A partial change: fields that are left out keep their values. */
export const UpdateEvent = z
  .strictObject(fields)
  .partial()
  .refine(isInOrder, IN_ORDER)
  .meta({ id: 'UpdateEvent' })
export type UpdateEvent = z.infer<typeof UpdateEvent>

export const PostponeEvent = z
  .strictObject({
    startsAt: fields.startsAt,
    endsAt: fields.endsAt,
    reason: Line(3, 500),
    refundUntil: EventInstant.optional().describe(
      'Until when whoever bought before may give tickets back for the whole price: at least a day from now, not before the time of an earlier postponement, and otherwise not after the new start. By default two weeks from now, or the new start if that comes first.',
    ),
  })
  .refine(isInOrder, IN_ORDER)
  .meta({ id: 'PostponeEvent' })
export type PostponeEvent = z.infer<typeof PostponeEvent>

/** A copy of an event with new times. */
export const CloneEvent = z
  .strictObject({ title: fields.title.optional(), startsAt: fields.startsAt, endsAt: fields.endsAt })
  .refine(isInOrder, IN_ORDER)
  .meta({ id: 'CloneEvent' })
export type CloneEvent = z.infer<typeof CloneEvent>

// ——— Ticket types ———

const typeFields = {
  name: Line(1, 80),
  description: LongText(1_000),
  price: MoneyIn.meta({ description: 'The price of one ticket. An amount of 0: it is free.' }),
  capacity: z.number().int().min(1).max(MAX_TICKETS_A_POOL),
  maxPerUser: z.number().int().min(1).max(MAX_TICKETS_A_POOL).nullable(),
  opensAt: EventInstant.nullable().meta({ description: 'Null: sales open when the event is published.' }),
  closesAt: EventInstant.nullable().meta({ description: 'Null: sales close when the event ends.' }),
  hidden: z.boolean().meta({ description: 'Not listed; whoever has its id can buy it.' }),
  position: z
    .number()
    .int()
    .min(0)
    .max(1_000)
    .meta({ description: 'Its place in the list: the lowest first, equal ones by age.' }),
  capacityGroupId: Id('capacityGroup').nullable().meta({
    description:
      'A capacity group of its event: each ticket takes a seat of the group too. It can change until a ticket is held or sold. Null: none.',
  }),
}

export const CreateTicketType = z
  .strictObject({
    ...typeFields,
    description: typeFields.description.default(''),
    maxPerUser: typeFields.maxPerUser.default(10),
    opensAt: typeFields.opensAt.default(null),
    closesAt: typeFields.closesAt.default(null),
    hidden: typeFields.hidden.default(false),
    position: typeFields.position.default(0),
    capacityGroupId: typeFields.capacityGroupId.default(null),
  })
  .meta({ id: 'CreateTicketType' })
export type CreateTicketType = z.infer<typeof CreateTicketType>

export const UpdateTicketType = z.strictObject(typeFields).partial().meta({ id: 'UpdateTicketType' })
export type UpdateTicketType = z.infer<typeof UpdateTicketType>

const SaleState = z.enum(['not_on_sale', 'upcoming', 'open', 'sold_out', 'ended', 'cancelled']).meta({
  description:
    '`not_on_sale`: the event is a draft, or the sale is being set up. `sold_out`: nothing is left now; a hold that ends may free a ticket.',
})
export type SaleState = z.infer<typeof SaleState>

export const TicketType = z
  .strictObject({
    id: Id('ticketType'),
    eventId: Id('event'),
    name: z.string(),
    description: z.string(),
    price: Money,
    capacity: z.number().int(),
    sold: z.number().int(),
    held: z.number().int(),
    waiting: z.number().int().describe('How many people wait for tickets of this type.'),
    available: z
      .number()
      .int()
      .describe('How many can be bought now: no more than its capacity group has left, if it has one.'),
    maxPerUser: z.number().int().nullable(),
    opensAt: Instant.nullable(),
    closesAt: Instant,
    hidden: z.boolean(),
    position: z.number().int(),
    capacityGroupId: Id('capacityGroup').nullable(),
    sale: SaleState,
  })
  .meta({ id: 'TicketType' })
export type TicketType = z.infer<typeof TicketType>

export const Event = z
  .strictObject({
    id: Id('event'),
    slug: z.string(),
    status: EventStatus,
    organisation: z.strictObject({ id: Id('organisation'), slug: z.string(), name: z.string() }),
    title: z.string(),
    description: z.string(),
    images: z.array(z.string()),
    categoryId: Id('category').nullable(),
    tags: z.array(z.string()),
    place: Place.nullable(),
    onlineUrl: z
      .string()
      .nullable()
      .describe('Where an online event takes place. Only for members: null for everybody else.'),
    startsAt: Instant,
    endsAt: Instant,
    timeZone: z.string(),
    local: z
      .strictObject({ startsAt: z.string(), endsAt: z.string() })
      .describe('The same instants on the wall clock of `timeZone`.'),
    postponed: z
      .strictObject({
        at: Instant,
        startsAt: Instant,
        endsAt: Instant,
        reason: z.string(),
        refundUntil: Instant.nullable().describe(
          'Until when a buyer of before `at` may give tickets back with `POST /orders/{id}/refunds`. Null: an event that was postponed before there was such a time.',
        ),
      })
      .nullable()
      .describe('The times that it was published with; null: they have not changed.'),
    transferable: fields.transferable,
    providers: z.array(Provider),
    countries: SaleCountries,
    attendeeNames: fields.attendeeNames,
    cancellation: z.strictObject({ at: Instant, reason: z.string() }).nullable(),
    ticketTypes: z
      .array(TicketType)
      .describe('The ticket types in the organiser’s order. Hidden ones are only for members.'),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'Event' })
export type Event = z.infer<typeof Event>

/** An event as its tickets show it. */
export const EventSummary = z.lazy(() =>
  Event.pick({
    id: true,
    status: true,
    title: true,
    place: true,
    startsAt: true,
    endsAt: true,
    timeZone: true,
  }).meta({ id: 'EventSummary' }),
)
export type EventSummary = z.infer<typeof EventSummary>

export const EventPage = Page(Event)
export const EventParams = z.object({ id: Id('event') })
export const EventKey = z.object({ id: IdOrSlug('event') })
export const TicketTypeParams = z.object({ id: Id('event'), typeId: Id('ticketType') })

export const EventAvailability = z
  .strictObject({
    ticketTypes: z.array(
      TicketType.pick({ id: true, capacity: true, sold: true, held: true, available: true, sale: true }),
    ),
  })
  .meta({ id: 'EventAvailability' })

export const ListEvents = PageQuery.extend({
  organisationId: Id('organisation').optional(),
  categoryId: Id('category').optional(),
  country: Country.optional(),
  city: City.optional().meta({
    description: 'Its name, whatever the case and the accents; send `country` too.',
  }),
  from: InstantIn.optional().meta({ description: 'Only events that start at this instant or later.' }),
  to: InstantIn.optional().meta({ description: 'Only events that start before this instant.' }),
  q: SearchWords.optional(),
  sort: z.enum(['startsAt', '-startsAt']).default('startsAt'),
}).refine(({ city, country }) => city === undefined || country !== undefined, {
  path: ['country'],
  message: 'is required beside city',
})
export type ListEvents = z.infer<typeof ListEvents>
