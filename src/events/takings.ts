/**
 * The takings of events, by ticket type. Until an event is settled they are its guests' money. From then on they are its
 * organisation's, with every later sale, refund and dispute: so nothing has to be moved when one comes. A trigger keeps the
 * sums in `claims`, and these conditions are about its rows.
 */
import { type SQL, sql } from 'drizzle-orm'
import { events, ticketTypes } from './schema.ts'

/** The row is what a ticket type of a settled event took. */
export const isOfSettledEvent: SQL = sql`(kind = 'admission' AND EXISTS (
  SELECT 1 FROM ${ticketTypes} JOIN ${events} ON ${events.id} = ${ticketTypes.eventId}
  WHERE ${ticketTypes.id} = item_id AND ${events.settledAt} IS NOT NULL))`

/** What an event took, as a subquery: a row for each ticket type, currency and provider. */
export const takingsOf = (organisationId: string, eventId: string): SQL => sql`(
  SELECT item_id AS ticket_type_id, currency, amount AS taken FROM claims
  WHERE organisation_id = ${organisationId} AND kind = 'admission'
    AND item_id IN (SELECT ${ticketTypes.id} FROM ${ticketTypes} WHERE ${ticketTypes.eventId} = ${eventId}))`
