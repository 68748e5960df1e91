/** A place on the waiting list of a ticket type, on the wire. */
import * as z from 'zod'
import { EXAMPLE_TICKET_TYPE_ID } from '../../core/examples.ts'
import { Id } from '../../core/ids.ts'
import { Instant } from '../../core/time.ts'

/** The most tickets that one person can wait for. */
const MAX_QUANTITY = 50

export const JoinWaitingList = z
  .strictObject({
    quantity: z
      .number()
      .int()
      .min(1)
      .max(MAX_QUANTITY)
      .describe('How many tickets you want: no more than one person may have.'),
  })
  .meta({ id: 'JoinWaitingList' })

export const WaitingPlace = z
  .strictObject({
    ticketTypeId: Id('ticketType'),
    state: z
      .enum(['waiting', 'offered'])
      .describe('`offered`: tickets are kept for you. Buy them as usual, or leave the list.'),
    position: z
      .number()
      .int()
      .describe(
        '1: you are the next; 0: tickets are kept for you. Who waits for another type of the same capacity group counts too, so your turn may come sooner.',
      ),
    quantity: z
      .number()
      .int()
      .describe(
        'How many tickets you wait for. Once they are offered: how many are kept, which may be fewer.',
      ),
    offeredUntil: Instant.nullable().describe('Until when the tickets are kept; null: none are offered yet.'),
  })
  .meta({ id: 'WaitingPlace' })
export type WaitingPlace = z.infer<typeof WaitingPlace>

export const EXAMPLE_WAITING_PLACE: WaitingPlace = {
  ticketTypeId: EXAMPLE_TICKET_TYPE_ID,
  state: 'waiting',
  position: 3,
  quantity: 2,
  offeredUntil: null,
}

/** Request bodies, by schema name. */
export const BODIES = { JoinWaitingList: { quantity: 2 } }
