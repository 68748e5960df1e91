/** The shapes of a raffle's entrants: reservations with the persons who made them. */
import * as z from 'zod'
import { EXAMPLE_RAFFLE_ID } from '../core/examples.ts'
import { Id } from '../core/ids.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { AnyOf } from '../core/query.ts'
import { Reservation, Ticket } from '../tickets/contract.ts'

export const Entry = z
  .strictObject({
    reservation: Reservation,
    tickets: z.array(Ticket),
    entrant: z.strictObject({
      id: Id('user'),
      name: z.string(),
      email: z.string(),
      phone: z
        .string()
        .nullable()
        .describe('Only of a winner whose prize is not lost, and only if the winner has given one.'),
    }),
  })
  .meta({ id: 'Entry' })
export type Entry = z.infer<typeof Entry>

export const EntryPage = Page(Entry)

/** Which reservations a file has. */
export const EntryFilter = z.object({ state: AnyOf(Reservation.shape.state).optional() })
export type EntryFilter = z.infer<typeof EntryFilter>

export const ListEntries = PageQuery.extend(EntryFilter.shape)
export type ListEntries = z.infer<typeof ListEntries>

export const EXAMPLE_ENTRY = {
  reservation: {
    id: 'res_01kaf1q7v8fmk9m2q0c8w1g6ne',
    raffleId: EXAMPLE_RAFFLE_ID,
    ticketTypeId: null,
    state: 'sold',
    quantity: 2,
    createdAt: '2026-11-20T17:00:00.000Z',
    issuedAt: '2026-11-20T17:00:09.000Z',
    heldUntil: null,
  },
  tickets: [
    { number: 41, label: '41' },
    { number: 42, label: '42' },
  ],
  entrant: {
    id: 'user_01kaf1q7v8fmk9m2q0c8w1g6ne',
    name: 'Amina Wanjiru',
    email: 'amina@example.com',
    phone: null,
  },
} as const satisfies Entry
