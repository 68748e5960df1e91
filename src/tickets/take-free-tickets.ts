/** Takes free tickets: the hot path. It calls only the pool, so it works while D1 is down. */
import type { Ctx } from '../core/context.ts'
import { bodyHash } from '../core/idempotency.ts'
import { orThrow } from './client.ts'
import type { Entrant, Reservation, Sale } from './pool-contract.ts'
import { type PassChallenge, reserveTickets } from './reserve-tickets.ts'

export interface FreeTickets {
  /** The raffle or ticket type. */
  itemId: string
  quantity?: number | undefined
  /** The exact numbers, if buyers choose them in this raffle. */
  numbers?: number[] | undefined
}

/** The person who takes them. */
export interface Taker {
  userId: string
  entrant: Entrant
  passChallenge: PassChallenge
}

/** Null: only an order can take these tickets, because they take seats of a capacity group too. */
export async function takeFreeTickets(
  ctx: Ctx,
  { itemId, quantity, numbers }: FreeTickets,
  { userId, entrant, passChallenge }: Taker,
  key: string,
): Promise<{ reservation: Reservation; sale: Sale } | null> {
  const request = {
    itemId,
    holder: userId,
    entrant,
    key,
    request: bodyHash([quantity ?? null, numbers ?? null]),
    quantity: quantity ?? numbers!.length,
    numbers: numbers ?? null,
    payment: null,
  }
  const outcome = await reserveTickets(ctx, request, passChallenge)
  return !outcome.ok && outcome.needsOrder ? null : orThrow(outcome)
}
