/** Offers of admissions to other people, on the wire. */
import * as z from 'zod'
import { Email } from '../../accounts/contract.ts'
import { EXAMPLE_RESERVATION_ID, EXAMPLE_TICKET_TYPE_ID } from '../../core/examples.ts'
import { Id } from '../../core/ids.ts'
import { Page, PageQuery } from '../../core/paging.ts'
import { Instant } from '../../core/time.ts'
import { TicketNumber } from '../../tickets/contract.ts'
import { TRANSFER_STATES } from '../schema.ts'

export const OfferTicket = z
  .strictObject({ email: Email.describe('The address of whoever gets the ticket.') })
  .meta({ id: 'OfferTicket' })

export const TicketTransfer = z
  .strictObject({
    id: Id('transfer'),
    state: z
      .enum(TRANSFER_STATES)
      .describe(
        '`accepting`: accepted, and about to be carried out. `failed`: the ticket was no longer valid.',
      ),
    event: z.strictObject({ id: Id('event'), title: z.string() }),
    ticketTypeId: Id('ticketType'),
    number: TicketNumber.describe('The number of the ticket.'),
    reservationId: Id('reservation')
      .nullable()
      .describe('Your own reservation of the ticket. Null: you have not accepted it yet.'),
    email: z
      .string()
      .nullable()
      .describe('The address that it is offered to, for the giver while the offer is open; else null.'),
    createdAt: Instant,
    expiresAt: Instant.describe('Until when it can be accepted.'),
  })
  .meta({ id: 'TicketTransfer' })
export type TicketTransfer = z.infer<typeof TicketTransfer>

export const TicketTransferPage = Page(TicketTransfer)

export const ListTransfers = PageQuery.extend({
  direction: z
    .enum(['in', 'out'])
    .default('in')
    .describe('`in`: open offers to your address. `out`: all that you have made.'),
})
export type ListTransfers = z.infer<typeof ListTransfers>

export const TransferParams = z.object({ id: Id('transfer') })

export const EXAMPLE_TRANSFER: TicketTransfer = {
  id: 'transfer_01kaf1q7v8fmk9m2q0c8w1g6ne',
  state: 'open',
  event: { id: 'event_01kaf1q7v8fmk9m2q0c8w1g6ne', title: 'Jazz at the Lake' },
  ticketTypeId: EXAMPLE_TICKET_TYPE_ID,
  number: 17,
  reservationId: EXAMPLE_RESERVATION_ID,
  email: 'brian@example.com',
  createdAt: '2026-11-20T17:00:00.000Z',
  expiresAt: '2026-11-27T17:00:00.000Z',
}

/** Request bodies, by schema name. */
export const BODIES = { OfferTicket: { email: EXAMPLE_TRANSFER.email } }
