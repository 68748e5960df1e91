/** Whether somebody is in with an admission: then it can no longer be given away. */
import { type SQL, sql } from 'drizzle-orm'
import { COUNTS, checkIns } from '../schema.ts'

/** Each is a value or a column. Race: a gate scans the ticket meanwhile. Safe: it refuses what is being given away. */
export const isIn = (ticketTypeId: unknown, number: unknown, reservationId: unknown): SQL =>
  sql`EXISTS (SELECT 1 FROM ${checkIns} WHERE ${checkIns.ticketTypeId} = ${ticketTypeId}
    AND ${checkIns.number} = ${number} AND ${checkIns.reservationId} = ${reservationId} AND ${COUNTS})`
