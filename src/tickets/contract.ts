/** Tickets in the API: reservations, lists, availability and free numbers. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { Instant } from '../core/time.ts'
import { MAX_TICKETS_A_POOL } from './terms.ts'

/** Numbers count from 0 if an official lottery decides, else from 1. */
export const TicketNumber = z.number().int().min(0).max(MAX_TICKETS_A_POOL)

export const Reservation = z
  .strictObject({
    id: Id('reservation'),
    raffleId: Id('raffle')
      .nullable()
      .describe('A reservation is of a raffle or of a ticket type; the other id is null.'),
    ticketTypeId: Id('ticketType').nullable(),
    state: z
      .enum(['held', 'sold', 'released', 'voided', 'transferred'])
      .describe(
        '`held` until it is paid, `sold`, `released` because it was not paid, or `voided` because it was taken back. `transferred`: all its tickets that are valid belong to others now.',
      ),
    quantity: z.number().int(),
    createdAt: Instant,
    issuedAt: Instant.nullable(),
    heldUntil: Instant.nullable(),
  })
  .meta({ id: 'Reservation' })
export type Reservation = z.infer<typeof Reservation>

export const Ticket = z
  .strictObject({
    number: z.number().int(),
    label: z
      .string()
      .describe(
        'The number as people read it: with leading zeros if an official lottery decides the raffle.',
      ),
  })
  .meta({ id: 'Ticket' })
export type Ticket = z.infer<typeof Ticket>

/** A reservation and its tickets. */
export const ReservedTickets = z.lazy(() =>
  z.strictObject({ reservation: Reservation, tickets: z.array(Ticket) }).meta({ id: 'ReservedTickets' }),
)
export type ReservedTickets = z.infer<typeof ReservedTickets>

export const ReservationParams = z.object({ id: Id('reservation') })

export const Availability = z.lazy(() =>
  z
    .strictObject({
      total: z.number().int(),
      sold: z.number().int(),
      held: z.number().int(),
      available: z.number().int(),
    })
    .meta({ id: 'Availability' }),
)

export const FreeNumbersPage = Page(Ticket).meta({ id: 'FreeNumbersPage' })

export const FreeNumbersQuery = PageQuery.extend({
  limit: z.number().int().min(1).max(1_000).default(100),
})
