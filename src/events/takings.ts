/**
 * The takings of events in the ledger: one account for each ticket type. Until an event is settled they are its guests'
 * money. From then on they are its organisation's, with every later sale, refund and dispute: so nothing has to be moved
 * when one comes. These conditions are about a row of `transfers` without a raffle.
 */
import { type SQL, sql } from 'drizzle-orm'
import { account } from '../money/ledger.ts'
import { events, ticketTypes } from './schema.ts'

const PREFIX = account.takings('')
const isSale = sql`instr(credit, ${PREFIX}) = 1`

/** The transfer is a sale or a refund of admissions. */
export const isOfAnyEvent: SQL = sql`(${isSale} OR instr(debit, ${PREFIX}) = 1)`

/** The ticket type of such a transfer. */
export const ticketTypeOf: SQL = sql`substr(iif(${isSale}, credit, debit), ${PREFIX.length + 1})`

/** Such a transfer's amount as a change of the takings. */
export const TAKEN: SQL = sql`iif(${isSale}, amount, -amount)`

/** Such a transfer belongs to an event that is settled. */
export const isOfSettledEvent: SQL = sql`EXISTS (
  SELECT 1 FROM ${ticketTypes} JOIN ${events} ON ${events.id} = ${ticketTypes.eventId}
  WHERE ${ticketTypes.id} = ${ticketTypeOf} AND ${events.settledAt} IS NOT NULL)`

/** The transfers of an event's takings, as a subquery; found by the organisation. */
export const takingsOf = (organisationId: string, eventId: string): SQL => sql`(
  SELECT ${ticketTypeOf} AS ticket_type_id, currency, ${TAKEN} AS taken FROM transfers
  WHERE organisation_id = ${organisationId} AND raffle_id IS NULL AND ${isOfAnyEvent}
    AND ${ticketTypeOf} IN (SELECT ${ticketTypes.id} FROM ${ticketTypes} WHERE ${ticketTypes.eventId} = ${eventId}))`
