/** The tables of raffles, the tickets set aside for their prizes, their templates and series. A raffle's stored `status` says which side effects are done; the public status is `statusAt`. */
import { type SQL, sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { organisations } from '../accounts/schema.ts'
import type { Cadence } from '../core/cadence.ts'
import type { Provider } from '../money/provider-name.ts'
import { type EntryTerms, OPEN_TO_ALL } from '../tickets/entry-terms.ts'
import type { CreateRaffle, SavedTerms } from './contract.ts'
import type { Earning } from './earning.ts'
import type { Prize } from './prize-contract.ts'
import type { SeriesStatus, SeriesTerms } from './series/contract.ts'

/** Open, closed and committed are not stored: they follow from the clock and the pool. */
export const STORED_STATUSES = ['draft', 'scheduled', 'drawn', 'settled', 'cancelled'] as const
export type StoredStatus = (typeof STORED_STATUSES)[number]

export const raffles = sqliteTable(
  'raffles',
  {
    id: text().primaryKey(),
    /** The name of its ticket pool: see `tickets/reservation-id.ts`. */
    pool: text().notNull().unique('raffles_pool'),
    slug: text().notNull().unique('raffles_slug'),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    /** The series that made it. */
    seriesId: text().references(() => series.id),
    /** A category of the catalogue, as products have one. */
    categoryId: text(),
    status: text({ enum: STORED_STATUSES }).notNull().default('draft'),
    /** The version of the accepted terms in this row; 0 for a draft. */
    termsVersion: integer().notNull().default(0),
    /** Grows with every change: of two concurrent changes, the second fails its guard. */
    revision: integer().notNull().default(1),

    title: text().notNull(),
    description: text().notNull(),
    imageUrl: text(),
    tags: text({ mode: 'json' }).$type<string[]>().notNull(),
    location: text(),
    timeZone: text().notNull(),

    priceAmount: integer().notNull(),
    priceCurrency: text().notNull(),
    totalTickets: integer().notNull(),
    maxPerUser: integer(),
    numbering: text().$type<CreateRaffle['numbering']>().notNull(),
    opensAt: integer().notNull(),
    closesAt: integer().notNull(),
    drawAt: integer().notNull(),
    prizes: text({ mode: 'json' }).$type<Prize[]>().notNull(),
    winPolicy: text().$type<CreateRaffle['winPolicy']>().notNull(),
    minTickets: integer().notNull(),
    rakeBps: integer().notNull(),
    guaranteed: integer({ mode: 'boolean' }).notNull(),
    providers: text({ mode: 'json' }).$type<Provider[]>().notNull(),
    entry: text().$type<CreateRaffle['entry']>().notNull(),
    /** Who may enter. The defaults are what the pools of older raffles decide by. */
    entrants: text().$type<EntryTerms['entrants']>().notNull().default(OPEN_TO_ALL.entrants),
    staffMayEnter: integer({ mode: 'boolean' }).notNull().default(OPEN_TO_ALL.staffMayEnter),
    challenge: text().$type<EntryTerms['challenge']>().notNull().default(OPEN_TO_ALL.challenge),
    /** From where people may enter; null: from everywhere, or in a draft from where the organisation sells to. */
    countries: text({ mode: 'json' }).$type<EntryTerms['countries']>(),
    /** How orders or admissions earn entries; null if they do not. Fixed at publication. */
    earning: text({ mode: 'json' }).$type<Earning>(),
    /** Where its pool is made; null: at `POOL_LOCATION_HINT`. Fixed at publication. */
    poolLocation: text().$type<CreateRaffle['poolLocation']>(),
    draw: text({ mode: 'json' }).$type<CreateRaffle['draw']>().notNull(),
    claimDays: integer().notNull(),
    onUnclaimed: text().$type<NonNullable<CreateRaffle['onUnclaimed']>>().notNull(),
    maxRedraws: integer().notNull(),
    earlyClose: text().$type<CreateRaffle['earlyClose']>().notNull(),

    /** Why an operator closed early, in the operator's words. */
    closeNote: text(),
    /** The number of attempts whose winners are stored: the draw, then the redraws. */
    drawnAttempts: integer().notNull().default(0),
    /** When the sweep must check it next (ms), even if its pool is not due; null once all is done. */
    dueAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** What its guarantee may cost the organisation. It counts as set aside until the draw books what is really lacking. */
    cover: integer().notNull().default(0),
    /** The folded title; null until the sweep has folded it. See `core/folded.ts`. */
    folded: text(),
    /**
     * How many results of its lottery decide it, the first and corrections; and how many corrections it has refused, because a
     * prize was paid. See `draws/official-results.ts`.
     */
    acceptedResults: integer().notNull().default(0),
    refusedResults: integer().notNull().default(0),
  },
  (table) => [
    check('raffles_status', sql`status IN ('draft', 'scheduled', 'drawn', 'settled', 'cancelled')`),
    index('raffles_organisation').on(table.organisationId, table.createdAt),
    index('raffles_series').on(table.seriesId, table.drawAt).where(sql`series_id IS NOT NULL`),
    index('raffles_category').on(table.categoryId, table.createdAt).where(sql`category_id IS NOT NULL`),
    index('raffles_draw').on(table.drawAt, table.id),
    index('raffles_waiting').on(table.drawAt, table.id).where(sql`status = 'scheduled'`),
    index('raffles_created').on(table.createdAt, table.id),
    index('raffles_organisation_draw').on(table.organisationId, table.drawAt, table.id),
    index('raffles_series_created').on(table.seriesId, table.createdAt).where(sql`series_id IS NOT NULL`),
    index('raffles_category_draw').on(table.categoryId, table.drawAt).where(sql`category_id IS NOT NULL`),
    index('raffles_earned_by_admissions')
      .on(table.id)
      .where(sql`status = 'scheduled' AND earning->>'per' = 'admission'`),
    index('raffles_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
    index('raffles_unfolded').on(table.id).where(sql`folded IS NULL`),
    index('raffles_by_lottery')
      .on(table.id)
      .where(sql`status IN ('scheduled', 'drawn') AND draw->>'method' = 'lottery'`),
    index('raffles_cover').on(table.organisationId, table.priceCurrency).where(sql`cover > 0`),
  ],
)

/** Without what only queries use. */
export type RaffleRow = Omit<typeof raffles.$inferSelect, 'folded'>

/**
 * `wanted`: the pool of the ticket type is being asked. `aside`: it has set the ticket aside. `issuing` → `issued`: it goes
 * to the winner. `returning` → `returned`: it is for sale again. `lost`: its event was cancelled before it was issued, or over before it was claimed.
 */
export const SEAT_STATES = ['wanted', 'aside', 'issuing', 'issued', 'returning', 'returned', 'lost'] as const

/** Tickets of events that are set aside as prizes: one row for each prize unit. */
export const prizeSeats = sqliteTable(
  'prize_seats',
  {
    raffleId: text().notNull(),
    /** `<rank>#<copy>`, both from 1. */
    unit: text().notNull(),
    ticketTypeId: text().notNull(),
    /** The key of the reservation in the ticket type's pool, which the units of a rank share. Its holder is the raffle. */
    key: text().notNull(),
    state: text({ enum: SEAT_STATES }).notNull(),
    /** Null until it is set aside. */
    reservationId: text(),
    number: integer(),
    /** Who claimed it, and the reservation that the winner got. */
    winnerId: text(),
    issuedId: text(),
    /** When the sweep must check it; null once nothing is left to do. */
    dueAt: integer(),
  },
  (table) => [
    primaryKey({ columns: [table.raffleId, table.unit] }),
    check(
      'prize_seats_state',
      sql`state IN ('wanted', 'aside', 'issuing', 'issued', 'returning', 'returned', 'lost')`,
    ),
    index('prize_seats_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
    index('prize_seats_winner').on(table.winnerId).where(sql`winner_id IS NOT NULL`),
  ],
)
export type PrizeSeatRow = typeof prizeSeats.$inferSelect

/** Whose a raffle is, for a statement about one that was not read. */
export const organisationOf = (raffleId: string): SQL =>
  sql`(SELECT ${raffles.organisationId} FROM ${raffles} WHERE ${raffles.id} = ${raffleId})`

export const raffleTemplates = sqliteTable(
  'raffle_templates',
  {
    id: text().primaryKey(),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    name: text().notNull(),
    /** `#rrggbb` */
    colour: text().notNull(),
    terms: text({ mode: 'json' }).$type<SavedTerms>().notNull(),
    /** Grows with every change: of two concurrent changes, the second fails its guard. */
    revision: integer().notNull().default(1),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [index('raffle_templates_organisation').on(table.organisationId, table.id)],
)

export type TemplateRow = typeof raffleTemplates.$inferSelect

export const series = sqliteTable(
  'series',
  {
    id: text().primaryKey(),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    title: text().notNull(),
    terms: text({ mode: 'json' }).$type<SeriesTerms>().notNull(),
    cadence: text({ mode: 'json' }).$type<Cadence>().notNull(),
    /** `HH:MM` on the wall clock of `timeZone`. */
    time: text().notNull(),
    timeZone: text().notNull(),
    /** Minutes before the draw. */
    opensBefore: integer().notNull(),
    closesBefore: integer().notNull(),
    /** Local dates: `YYYY-MM-DD`. */
    startsOn: text().notNull(),
    endsOn: text(),
    status: text().$type<SeriesStatus>().notNull().default('active'),
    /** Grows with every change, also of its rewards and skipped days. */
    revision: integer().notNull().default(1),
    /** When the sweep must check it next (ms); null while there is nothing to make. */
    dueAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    check('series_status', sql`status IN ('active', 'paused', 'ended')`),
    index('series_organisation').on(table.organisationId, table.id),
    index('series_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
  ],
)

export type SeriesRow = typeof series.$inferSelect

const seriesId = () =>
  text()
    .notNull()
    .references(() => series.id)

/** The prizes of one day, in place of the prizes of the series' terms. */
export const seriesRewards = sqliteTable(
  'series_rewards',
  {
    seriesId: seriesId(),
    date: text().notNull(),
    prizes: text({ mode: 'json' }).$type<Prize[]>().notNull(),
    imageUrl: text(),
  },
  (table) => [primaryKey({ columns: [table.seriesId, table.date] })],
)

/** Days without a draw. */
export const seriesSkips = sqliteTable(
  'series_skips',
  { seriesId: seriesId(), date: text().notNull() },
  (table) => [primaryKey({ columns: [table.seriesId, table.date] })],
)

/** A day whose raffle exists or is being made. The row claims the raffle's id first, so that the raffle is made once. */
export const seriesOccurrences = sqliteTable(
  'series_occurrences',
  {
    seriesId: seriesId(),
    date: text().notNull(),
    raffleId: text().notNull().unique('series_occurrences_raffle'),
    /** Why its raffle cannot be published; shown to members who may fix it. */
    problem: text(),
    createdAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.seriesId, table.date] })],
)
