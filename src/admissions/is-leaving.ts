/**
 * Whether an admission is on its way out: to a refund, back to the organiser or to another person. Each is written to D1
 * before the pool acts, so a statement that also lets somebody in decides between them.
 */
import { or, type SQL, sql } from 'drizzle-orm'
import { users } from '../accounts/schema.ts'
import { refunds } from '../money/schema.ts'
import { orderLines, orders } from '../orders/schema.ts'
import { ticketReturns, ticketTransfers } from './schema.ts'

/** `holder`: of the reservation. `isOver`: its event is. */
interface Ticket {
  reservationId: SQL
  number: SQL
  holder: SQL
  isOver: boolean
}

export const isLeaving = (ticket: Ticket): SQL =>
  or(isRefunded(ticket), isReturned(ticket), isGivenAway(ticket), isOfSuspended(ticket))!

/** The reservation, and the one from which it was given. Whatever happens to the giver's happens to it too. */
const bought = ({ reservationId, holder }: Ticket): SQL => sql`(
  SELECT ${reservationId} AS id, ${holder} AS holder UNION ALL
    SELECT ${ticketTransfers.reservationId}, ${ticketTransfers.fromUser} FROM ${ticketTransfers}
    WHERE ${ticketTransfers.newReservationId} = ${reservationId}) AS bought`

/**
 * Whether a refund names it, unless that was refused. Starts from the buyer's orders, because lines have no index of their
 * reservations.
 */
const isRefunded = (ticket: Ticket): SQL => sql`EXISTS (
  SELECT 1 FROM ${bought(ticket)}
    CROSS JOIN ${orders} ON ${orders.userId} = bought.holder
    CROSS JOIN ${orderLines} ON ${orderLines.orderId} = ${orders.id} AND ${orderLines.reservationId} = bought.id
    CROSS JOIN ${refunds} ON ${refunds.orderId} = ${orders.id} AND ${refunds.status} <> 'refused'
    CROSS JOIN json_each(${refunds.lines}) AS part ON part.value->>'line' = ${orderLines.line}
    CROSS JOIN json_each(part.value, '$.numbers') AS ticket ON ticket.value = ${ticket.number})`

/** Whether its holder gives it back. A return that the pool refused has no row. */
const isReturned = ({ reservationId, number }: Ticket): SQL => sql`EXISTS (
  SELECT 1 FROM ${ticketReturns} CROSS JOIN json_each(${ticketReturns.numbers}) AS back
  WHERE ${ticketReturns.reservationId} = ${reservationId} AND back.value = ${number})`

/** Whether the platform is about to take it back. It does so while the event is not over. */
const isOfSuspended = (ticket: Ticket): SQL => sql`NOT ${ticket.isOver ? 1 : 0} AND EXISTS (
  SELECT 1 FROM ${bought(ticket)} CROSS JOIN ${users} ON ${users.id} = bought.holder AND ${users.status} = 'suspended')`

/** Whether its receiver has accepted it. Its new code is that of another reservation. */
const isGivenAway = ({ reservationId, number, holder }: Ticket): SQL => sql`EXISTS (
  SELECT 1 FROM ${ticketTransfers} WHERE ${ticketTransfers.fromUser} = ${holder}
    AND ${ticketTransfers.reservationId} = ${reservationId} AND ${ticketTransfers.number} = ${number}
    AND ${ticketTransfers.state} IN ('accepting', 'accepted'))`
