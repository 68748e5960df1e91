/** The tables of events and their ticket types. Times are milliseconds. An event's public status is `statusAt`. */
import { sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { organisations } from '../accounts/schema.ts'
import type { Provider } from '../money/provider-name.ts'
import type { EventNews } from './notices/news.ts'

/** Whether an event is over follows from the clock, so it is not stored. */
export const STORED_STATUSES = ['draft', 'published', 'cancelled'] as const

export const ATTENDEE_NAMES = ['none', 'required'] as const

export const events = sqliteTable(
  'events',
  {
    id: text().primaryKey(),
    slug: text().notNull().unique('events_slug'),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    /** A category of the catalogue, as products and raffles have one. */
    categoryId: text(),
    status: text({ enum: STORED_STATUSES }).notNull().default('draft'),
    /** Grows with every change: of two concurrent changes, the second fails its guard. */
    revision: integer().notNull().default(1),

    title: text().notNull(),
    description: text().notNull(),
    images: text({ mode: 'json' }).$type<string[]>().notNull(),
    tags: text({ mode: 'json' }).$type<string[]>().notNull(),

    /** The name of the place; null: the event is online. */
    venue: text(),
    address: text(),
    city: text(),
    /** ISO 3166-1 alpha-2. */
    country: text(),
    latitude: real(),
    longitude: real(),
    /** Where an online event takes place. Only members and holders of its tickets see it. */
    onlineUrl: text(),

    startsAt: integer().notNull(),
    endsAt: integer().notNull(),
    timeZone: text().notNull(),
    /** The times before the first postponement, and when it was postponed last; null: it never was. */
    firstStartsAt: integer(),
    firstEndsAt: integer(),
    postponedAt: integer(),
    postponeReason: text(),
    /** Until when buyers of before the last postponement may have their money back; null: it never was postponed. */
    refundUntil: integer(),

    /** When it was published; null: it is a draft. Sales that have no opening time of their own open then. */
    publishedAt: integer(),
    /** `required`: an admission has no code until its holder has named who comes with it. */
    attendeeNames: text({ enum: ATTENDEE_NAMES }).notNull().default('none'),
    /** Whether a holder may give a ticket to somebody else. */
    transferable: integer({ mode: 'boolean' }).notNull().default(true),
    /** The payment providers of every ticket type that costs money. */
    providers: text({ mode: 'json' }).$type<Provider[]>().notNull(),

    cancelledAt: integer(),
    cancelReason: text(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** See `folded-event.ts`; null until the sweep has folded it. */
    folded: text(),
    /** Its last line. */
    foldedCity: text().generatedAlwaysAs(sql.raw('substr(folded, instr(folded, char(10)) + 1)'), {
      mode: 'virtual',
    }),
    /** When its takings became its organisation's money, after its end; null: they are its guests'. */
    settledAt: integer(),
    /** From where people may take tickets; null: from everywhere, or in a draft from where the organisation sells to. */
    countries: text({ mode: 'json' }).$type<string[]>(),
    /** Which of these fields publication filled in from the organisation, because the organiser had named nothing. */
    filledIn: text({ mode: 'json' }).$type<('providers' | 'countries')[]>().notNull().default([]),
  },
  (table) => [
    index('events_organisation').on(table.organisationId, table.startsAt, table.id),
    index('events_by_start').on(table.startsAt, table.id).where(sql`status <> 'draft'`),
    index('events_by_country').on(table.country, table.startsAt, table.id).where(sql`status <> 'draft'`),
    index('events_by_city')
      .on(table.foldedCity, table.country, table.startsAt, table.id)
      .where(sql`status <> 'draft'`),
    index('events_category').on(table.categoryId, table.startsAt, table.id),
    index('events_to_settle').on(table.endsAt).where(sql`status = 'published' AND settled_at IS NULL`),
    index('events_unfolded').on(table.id).where(sql`folded IS NULL`),
    check('events_times', sql`ends_at > starts_at`),
    check('events_point', sql`(latitude IS NULL) = (longitude IS NULL)`),
  ],
)
/** Without what only queries use. */
export type EventRow = Omit<typeof events.$inferSelect, 'folded' | 'foldedCity'>

/** The columns that an organiser sets. */
export interface TypeColumns {
  position?: number
  name?: string
  description?: string
  priceAmount?: number
  priceCurrency?: string
  capacity?: number
  maxPerUser?: number | null
  opensAt?: number | null
  closesAt?: number | null
  isHidden?: boolean
  capacityGroupId?: string | null
}

export const ticketTypes = sqliteTable(
  'ticket_types',
  {
    id: text().primaryKey(),
    /** The name of its ticket pool: see `tickets/reservation-id.ts`. */
    pool: text().notNull().unique('ticket_types_pool'),
    eventId: text()
      .notNull()
      .references(() => events.id),
    /** Its place in the event's list; equal ones by id. */
    position: integer().notNull(),
    name: text().notNull(),
    description: text().notNull(),
    priceAmount: integer().notNull(),
    priceCurrency: text().notNull(),
    capacity: integer().notNull(),
    maxPerUser: integer(),
    /** Null: sales open when the event is published. */
    opensAt: integer(),
    /** Null: sales close when the event ends. */
    closesAt: integer(),
    /** Not listed. Whoever has its id can buy it. */
    isHidden: integer({ mode: 'boolean' }).notNull(),
    /** Grows with every change: of two concurrent changes, the second fails its guard. */
    revision: integer().notNull().default(1),
    /** A change that the pool has not accepted yet; null: none. */
    change: text({ mode: 'json' }).$type<TypeColumns>(),
    /** The version of the terms that the pool has accepted; 0: none yet. */
    termsVersion: integer().notNull().default(0),
    /** When the sweep must bring the pool and this row into step; null: they are. */
    dueAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** The capacity group of its event whose seats its tickets take too; null: none. */
    capacityGroupId: text(),
  },
  (table) => [
    index('ticket_types_event').on(table.eventId),
    index('ticket_types_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
  ],
)
export type TicketTypeRow = typeof ticketTypes.$inferSelect

/** The columns of a capacity group that an organiser sets. */
export interface GroupColumns {
  name?: string
  capacity?: number
}

/** What several ticket types of an event share, such as the places of a venue. Its pool has a number for each of them. */
export const capacityGroups = sqliteTable(
  'capacity_groups',
  {
    id: text().primaryKey(),
    pool: text().notNull().unique('capacity_groups_pool'),
    eventId: text()
      .notNull()
      .references(() => events.id),
    name: text().notNull(),
    capacity: integer().notNull(),
    /** These are as for a ticket type. */
    revision: integer().notNull().default(1),
    change: text({ mode: 'json' }).$type<GroupColumns>(),
    termsVersion: integer().notNull().default(0),
    dueAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    index('capacity_groups_event').on(table.eventId, table.id),
    index('capacity_groups_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
  ],
)
export type CapacityGroupRow = typeof capacityGroups.$inferSelect

/** News for all holders of a ticket type, mailed page by page over as many sweeps as needed. */
export const eventNotices = sqliteTable(
  'event_notices',
  {
    ticketTypeId: text().notNull(),
    /** When the event was changed. An event may be postponed several times. */
    at: integer().notNull(),
    /** What the mails say. */
    news: text({ mode: 'json' }).$type<EventNews>().notNull(),
    /** The reservation of the pool up to which holders were told. */
    cursor: integer().notNull().default(0),
    /** When to continue; null once everybody was told. */
    dueAt: integer(),
  },
  (table) => [
    primaryKey({ columns: [table.ticketTypeId, table.at] }),
    index('event_notices_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
  ],
)
export type EventNoticeRow = typeof eventNotices.$inferSelect
