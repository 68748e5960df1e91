/** Whether somebody is in with an admission: then it can no longer be given away. */
import { type SQL, sql } from 'drizzle-orm'
import { COUNTS, checkIns } from '../schema.ts'

/** Each is a value or a column. A race with a gate does no harm: whoever gets the number counts as the same ticket there. */
export const isIn = (ticketTypeId: unknown, number: unknown, reservationId: unknown): SQL =>
  sql`EXISTS (SELECT 1 FROM ${checkIns} WHERE ${checkIns.ticketTypeId} = ${ticketTypeId}
    AND ${checkIns.number} = ${number} AND ${checkIns.reservationId} = ${reservationId} AND ${COUNTS})`
