/** Examples of purchases for the API document. */
import { EXAMPLE_RAFFLE_ID, EXAMPLE_RESERVATION_ID } from '../core/examples.ts'
import { EXAMPLE_ORDER } from '../orders/examples.ts'
import type { Purchase } from './contract.ts'

export const EXAMPLE_PURCHASE: Purchase = {
  reservation: {
    id: EXAMPLE_RESERVATION_ID,
    raffleId: EXAMPLE_RAFFLE_ID,
    ticketTypeId: null,
    state: 'held',
    quantity: 2,
    createdAt: '2026-11-20T17:00:00.000Z',
    issuedAt: null,
    heldUntil: '2026-11-20T17:12:00.000Z',
  },
  tickets: [
    { number: 17, label: '17' },
    { number: 42, label: '42' },
  ],
  order: EXAMPLE_ORDER,
}
