/** Raffle tickets as a line of an order: the pool decides, under the terms that it sells by. */
import { account } from '../money/ledger.ts'
import { askPool, orThrow } from '../tickets/client.ts'
import { poolNameOf, reservationAddress } from '../tickets/reservation-id.ts'
import type { LinePort } from './line-port.ts'

export const raffleLine: LinePort = {
  async hold(ctx, { itemId, quantity, numbers }, { userId, key, request, holdMs, provider }) {
    const outcome = await askPool(ctx, poolNameOf(itemId), (pool) =>
      pool.reserve({
        raffleId: itemId,
        holder: userId,
        key,
        request,
        quantity,
        numbers,
        payment: { holdMs, provider },
      }),
    )
    const { reservation, repeated, sale } = orThrow(outcome)
    return { ...sale, hold: reservation, repeated }
  },

  async confirm(ctx, { reservationId }) {
    const { pool, seq } = reservationAddress(reservationId)
    const { lost } = orThrow(await askPool(ctx, pool, (door) => door.confirm(seq, reservationId)))
    return lost ? 'lost' : 'issued'
  },

  async tickets(ctx, { reservationId }) {
    const { pool, seq } = reservationAddress(reservationId)
    const found = await askPool(ctx, pool, (door) => door.reservation(seq, reservationId))
    return found?.reservation.state === 'sold' ? found.reservation.numbers : []
  },

  async takeBack(ctx, { reservationId }, numbers) {
    const { pool, seq } = reservationAddress(reservationId)
    const outcome = await askPool(ctx, pool, (door) => door.void(seq, reservationId, numbers))
    if (!outcome.ok && outcome.code === 'invalid_state') return false
    orThrow(outcome)
    return true
  },

  async release(ctx, { reservationId }) {
    const { pool, seq } = reservationAddress(reservationId)
    // Refused where it is sold or gone already: then there is nothing to let go.
    await askPool(ctx, pool, (door) => door.release(seq, reservationId))
  },

  takings: ({ itemId }) => ({ account: account.takings(itemId), raffleId: itemId }),
}
