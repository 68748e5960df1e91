/** The raffles table. What is stored as `status` says which side effects are done; what is shown is `statusAt`. */
import { sql } from 'drizzle-orm'
import { check, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { organisations } from '../accounts/schema.ts'
import type { CreateRaffle, Prize, Provider } from './contract.ts'

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
    status: text({ enum: STORED_STATUSES }).notNull().default('draft'),
    /** Of the terms that the pool accepted and that stand in this row; 0 for a draft. */
    termsVersion: integer().notNull().default(0),
    /** Grows with every change, so that of two changes at a time one is told. */
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
    draw: text({ mode: 'json' }).$type<CreateRaffle['draw']>().notNull(),
    claimDays: integer().notNull(),
    onUnclaimed: text().$type<CreateRaffle['onUnclaimed']>().notNull(),
    maxRedraws: integer().notNull(),
    earlyClose: text().$type<CreateRaffle['earlyClose']>().notNull(),

    /** Why an operator closed early, in the operator's words. */
    closeNote: text(),
    /** How many attempts have had their winners written: the draw is 0, redraws follow. */
    drawnAttempts: integer().notNull().default(0),
    /** When the sweep must look at it next (ms), whatever the pool says; null once all is done. */
    dueAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    check('raffles_status', sql`status IN ('draft', 'scheduled', 'drawn', 'settled', 'cancelled')`),
    index('raffles_organisation').on(table.organisationId, table.createdAt),
    index('raffles_draw').on(table.drawAt, table.id),
    index('raffles_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
  ],
)

export type RaffleRow = typeof raffles.$inferSelect
