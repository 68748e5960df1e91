/** Examples for the API document. */
import { EXAMPLE_RAFFLE_ID, EXAMPLE_RESERVATION_ID } from '../core/examples.ts'

export const EXAMPLE_RESERVED = {
  reservation: {
    id: EXAMPLE_RESERVATION_ID,
    raffleId: EXAMPLE_RAFFLE_ID,
    ticketTypeId: null,
    state: 'sold',
    quantity: 2,
    createdAt: '2026-11-20T17:00:00.000Z',
    issuedAt: '2026-11-20T17:00:00.000Z',
    heldUntil: null,
  },
  tickets: [
    { number: 17, label: '17' },
    { number: 42, label: '42' },
  ],
}

export const EXAMPLE_RECEIPT = {
  raffleId: EXAMPLE_RAFFLE_ID,
  userId: 'user_01kaf1q7v8fmk9m2q0c8w1g6ne',
  salt: '89c939ed18e0ff148c0d8d91453a5340',
  reservationId: EXAMPLE_RESERVATION_ID,
  tickets: [
    {
      number: 17,
      label: '17',
      logIndex: 0,
      unixMs: 1795194000000,
      signature: '5a'.repeat(64),
      inclusion: { size: 2, root: '6b'.repeat(32), path: ['7c'.repeat(32)] },
    },
  ],
  commitment: null,
}
