/** The orders with tickets of an event, found by the index of their items. */
import { eq, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { ticketTypes } from '../events/schema.ts'
import { orderLines } from './schema.ts'

/**
 * A subquery of the ids of at least the `most` newest orders with tickets of the event that match `keys`, a condition on
 * `order_lines.order_id`. It reads no more than `most` rows of each ticket type, and an event has few types.
 */
export const ordersOfEvent = (eventId: string, keys: SQL | undefined, most: number): SQL => sql`(
  SELECT DISTINCT found.value AS id FROM ${ticketTypes} CROSS JOIN json_each((
    SELECT json_group_array(order_id) FROM (
      SELECT DISTINCT order_id FROM ${orderLines} WHERE ${eq(orderLines.itemId, ticketTypes.id)}
        AND ${keys ?? sql`true`} ORDER BY order_id DESC LIMIT ${most}))) AS found
  WHERE ${eq(ticketTypes.eventId, eventId)})`

/** Whether an order has tickets of the event. */
export const hasTicketsOfEvent = (orderId: SQLWrapper, eventId: string): SQL => sql`EXISTS (
  SELECT 1 FROM ${orderLines} JOIN ${ticketTypes} ON ${eq(ticketTypes.id, orderLines.itemId)}
  WHERE ${orderLines.orderId} = ${orderId} AND ${eq(ticketTypes.eventId, eventId)})`
