/**
 * What the sweep should have finished long ago. A row that fails each time is logged each minute and stays due, so it is
 * counted here. What waits for a person has a list of its own, and no due time.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { mails } from '../accounts/schema.ts'
import { ticketReturns, ticketTransfers } from '../admissions/schema.ts'
import type { Ctx } from '../core/context.ts'
import { DAY_MS, HOUR_MS } from '../core/time.ts'
import { notices } from '../draws/schema.ts'
import { capacityGroups, ticketTypes } from '../events/schema.ts'
import { grants } from '../grants/schema.ts'
import { payments, payouts, refundRuns, refunds, webhooks } from '../money/schema.ts'
import { orders } from '../orders/schema.ts'
import { prizeSeats, series } from '../raffles/schema.ts'

const OVERDUE_AFTER_MS = HOUR_MS
/** A cancelled sale may have many buyers. */
const RUN_OVERDUE_AFTER_MS = DAY_MS
/** The mailer may fail once or twice. */
const TRIES_OF_A_MAIL = 3

const due = (column: SQLiteColumn) => (now: number) =>
  sql`SELECT count(*) FROM ${column.table} WHERE ${column} < ${now - OVERDUE_AFTER_MS}`

/** Each has a partial index of the rows that are due, so a count reads only those. */
const COUNTS: Record<string, (now: number) => SQL> = {
  payments: due(payments.dueAt),
  orders: due(orders.dueAt),
  refunds: due(refunds.dueAt),
  payouts: due(payouts.dueAt),
  'earned entries': due(grants.dueAt),
  'prizes that are admissions': due(prizeSeats.dueAt),
  'ticket types': due(ticketTypes.dueAt),
  'capacity groups': due(capacityGroups.dueAt),
  series: (now) => sql`${due(series.dueAt)(now)} AND ${series.status} = 'active'`,
  'mails about draws': due(notices.dueAt),
  'returns of tickets': due(ticketReturns.dueAt),
  'transfers of tickets': due(ticketTransfers.dueAt),
  'reports of providers': (now) =>
    sql`SELECT count(*) FROM ${webhooks} WHERE ${webhooks.actedAt} IS NULL AND ${webhooks.receivedAt} < ${now - OVERDUE_AFTER_MS}`,
  'refunds of cancelled sales': (now) =>
    sql`SELECT count(*) FROM ${refundRuns} WHERE ${refundRuns.finishedAt} IS NULL AND ${refundRuns.startedAt} < ${now - RUN_OVERDUE_AFTER_MS}`,
  mails: (now) =>
    sql`SELECT count(*) FROM ${mails} WHERE ${mails.dueAt} IS NOT NULL AND ${mails.bulk} = 0 AND ${mails.tries} >= ${TRIES_OF_A_MAIL}
      AND ${mails.createdAt} < ${now - OVERDUE_AFTER_MS}`,
}

/** How many of each are overdue. One trip. */
export async function countOverdue(ctx: Ctx): Promise<[what: string, count: number][]> {
  const columns = Object.entries(COUNTS).map(
    ([what, count]) => sql`(${count(ctx.now)}) AS ${sql.identifier(what)}`,
  )
  return Object.entries(await ctx.db.get<Record<string, number>>(sql`SELECT ${sql.join(columns, sql`, `)}`))
}
