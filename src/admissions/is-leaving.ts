/**
 * Whether an admission is on its way to a refund or to another person. Both are written to D1 before the pool acts, so a
 * statement that also lets somebody in decides between them.
 */
import { type SQL, sql } from 'drizzle-orm'
import { refunds } from '../money/schema.ts'
import { orderLines, orders } from '../orders/schema.ts'
import { ticketTransfers } from './schema.ts'

/** Each is an expression. `holder`: of the reservation. */
interface Ticket {
  reservationId: SQL
  number: SQL
  holder: SQL
}

/**
 * Whether a refund names it, unless that was refused. A ticket that was given away is refunded in the giver's order. Starts
 * from the buyer's orders, because lines have no index of their reservations.
 */
export const isRefunded = ({ reservationId, number, holder }: Ticket): SQL => sql`EXISTS (
  SELECT 1 FROM (SELECT ${reservationId} AS id, ${holder} AS holder UNION ALL
      SELECT ${ticketTransfers.reservationId}, ${ticketTransfers.fromUser} FROM ${ticketTransfers}
      WHERE ${ticketTransfers.newReservationId} = ${reservationId}) AS bought
    CROSS JOIN ${orders} ON ${orders.userId} = bought.holder
    CROSS JOIN ${orderLines} ON ${orderLines.orderId} = ${orders.id} AND ${orderLines.reservationId} = bought.id
    CROSS JOIN ${refunds} ON ${refunds.orderId} = ${orders.id} AND ${refunds.status} <> 'refused'
    CROSS JOIN json_each(${refunds.lines}) AS part ON part.value->>'line' = ${orderLines.line}
    CROSS JOIN json_each(part.value, '$.numbers') AS ticket ON ticket.value = ${number})`

/** Whether its receiver has accepted it. Its new code is that of another reservation. */
export const isGivenAway = ({ reservationId, number, holder }: Ticket): SQL => sql`EXISTS (
  SELECT 1 FROM ${ticketTransfers} WHERE ${ticketTransfers.fromUser} = ${holder}
    AND ${ticketTransfers.reservationId} = ${reservationId} AND ${ticketTransfers.number} = ${number}
    AND ${ticketTransfers.state} IN ('accepting', 'accepted'))`
