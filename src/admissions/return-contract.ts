/** The shape of a request to give tickets back. */
import * as z from 'zod'
import { TicketNumber } from '../tickets/contract.ts'
import { MAX_TICKETS_A_CALL } from '../tickets/pool-contract.ts'

export const ReturnTickets = z
  .strictObject({
    numbers: z
      .array(TicketNumber)
      .min(1)
      .max(MAX_TICKETS_A_CALL)
      .refine((all) => new Set(all).size === all.length, 'must not name a number twice')
      .optional()
      .describe('The tickets to give back. By default all of the reservation.'),
  })
  .meta({ id: 'ReturnTickets' })
export type ReturnTickets = z.infer<typeof ReturnTickets>

/** Example request bodies, by the names of their schemas. */
export const BODIES = { ReturnTickets: { numbers: [17] } }
