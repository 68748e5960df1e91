/** What every line of numbered tickets has: a pool decides by the terms of its sale. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { systemKey } from '../../core/idempotency.ts'
import { askPool, orThrow } from '../../tickets/client.ts'
import { type Reservation, validNumbers } from '../../tickets/pool-contract.ts'
import { rememberPurchase } from '../../tickets/recent-purchases.ts'
import { poolNameOf, reservationAddress } from '../../tickets/reservation-id.ts'
import { reserveTickets } from '../../tickets/reserve-tickets.ts'
import { pools, reservations } from '../../tickets/schema.ts'
import {
  type Buyer,
  confirmSeats,
  holdSeats,
  releaseSeats,
  reserveSeated,
  voidAllSeats,
} from '../../tickets/seats.ts'
import { saleTermsOf } from '../../tickets/terms.ts'
import { voidTickets } from '../../tickets/void-tickets.ts'
import type { Confirmed, LinePort, LossReason } from '../line.ts'

/**
 * The pool reports only that the line is lost, so this checks its rules in the pool's own order against its present
 * state. Cancelled and frozen are final, so they are still visible here. Otherwise free numbers mean that a limit was
 * reached.
 */
async function whyLost(ctx: Ctx, pool: string, { numbers }: Reservation): Promise<LossReason> {
  const state = (await askPool(ctx, pool, (stub) => stub.state()))!
  if (state.cancellation !== null) return 'cancelled'
  if (state.commitment !== null || (state.freezeAt !== null && ctx.now >= state.freezeAt)) return 'frozen'
  const { maxPerUser, numbering, closesAt } = saleTermsOf(state.terms)
  if (state.freezeAt === null && (state.closedAt !== null || ctx.now >= closesAt)) return 'closed'
  if (maxPerUser === null) return 'taken'
  const areAvailable =
    numbering === 'chosen'
      ? await areFree(ctx, pool, numbers)
      : state.total - state.sold - state.held >= numbers.length
  return areAvailable ? 'limit' : 'taken'
}

async function areFree(ctx: Ctx, pool: string, numbers: number[]): Promise<boolean> {
  const isFree = async (number: number) =>
    (await askPool(ctx, pool, (stub) => stub.freeNumbers(number, 1)))[0] === number
  return (await Promise.all(numbers.map(isFree))).every(Boolean)
}

/** The numbers of a held or sold reservation, with those that others have from it: a refund can still name them. */
const validOf = sql`CASE WHEN ${reservations.moved} IS NULL THEN ${reservations.numbers}
  WHEN ${reservations.state} = 'transferred' THEN ${reservations.moved}
  ELSE (SELECT json_group_array(value) FROM (SELECT value FROM json_each(${reservations.numbers})
    UNION ALL SELECT value FROM json_each(${reservations.moved}))) END`

/** If the process dies between the two holds, the first one expires by itself. */
async function alsoHoldSeats(
  ctx: Ctx,
  groupId: string,
  reservation: Reservation,
  buyer: Buyer,
): Promise<void> {
  const refusal = await holdSeats(ctx, groupId, reservation, buyer)
  if (refusal === null) return
  await releaseTickets(ctx, reservation.id, false)
  orThrow(refusal)
}

async function confirmTickets(ctx: Ctx, reservationId: string, hasSeats: boolean) {
  const { pool, seq } = reservationAddress(reservationId)
  const outcome = await askPool(ctx, pool, (stub) => stub.confirm(seq, reservationId, hasSeats))
  rememberPurchase(ctx, outcome)
  return orThrow(outcome)
}

async function outcomeOf(
  ctx: Ctx,
  { lost, reservation }: { lost: boolean; reservation: Reservation },
): Promise<Confirmed> {
  return lost ? whyLost(ctx, reservationAddress(reservation.id).pool, reservation) : 'issued'
}

async function releaseTickets(ctx: Ctx, reservationId: string, isUnpaid: boolean): Promise<void> {
  const { pool, seq } = reservationAddress(reservationId)
  // The pool refuses if the reservation is already sold. Then there is nothing to release.
  const outcome = await askPool(ctx, pool, (stub) => stub.release(seq, reservationId, isUnpaid))
  if (outcome.ok && outcome.seats !== null) await releaseSeats(ctx, outcome.seats, isUnpaid)
}

type PoolLine = Pick<
  LinePort,
  'isNumbered' | 'hold' | 'confirm' | 'tickets' | 'takeBack' | 'release' | 'sweepHolds' | 'details' | 'fulfil'
>

export const poolLine: PoolLine = {
  isNumbered: true,

  async hold(ctx, { itemId, quantity, numbers }, terms) {
    const { userId: holder, entrant, passChallenge, key, request, holdMs, provider } = terms
    const payment = { holdMs, provider }
    // The same person may take free tickets under a key of this text. Stock has no such keys.
    const wanted = { itemId, holder, entrant, key: systemKey(key), request, quantity, numbers, payment }
    const { reservation, repeated, sale } = orThrow(
      await reserveSeated(ctx, wanted, (request) => reserveTickets(ctx, request, passChallenge)),
    )
    if (sale.groupId !== null && reservation.state === 'held')
      await alsoHoldSeats(ctx, sale.groupId, reservation, {
        userId: holder,
        isProved: entrant.isProved,
        order: key,
        provider,
      })
    return { ...sale, hold: reservation, repeated }
  },

  async confirm(ctx, { reservationId }) {
    const first = await confirmTickets(ctx, reservationId, false)
    if (first.groupId === null) return outcomeOf(ctx, first)
    const { groupId, reservation } = first
    const isDecided = first.lost || (reservation.state !== 'held' && reservation.state !== 'released')
    // The seats come first, so that nobody is admitted without one.
    const lostSeats = isDecided ? null : await confirmSeats(ctx, groupId, reservationId)
    if (lostSeats !== null) {
      await releaseTickets(ctx, reservationId, false)
      return whyLost(ctx, poolNameOf(groupId), lostSeats)
    }
    const present = isDecided ? first : await confirmTickets(ctx, reservationId, true)
    if (present.lost) await voidAllSeats(ctx, groupId, reservationId)
    return outcomeOf(ctx, present)
  },

  async tickets(ctx, { reservationId }) {
    const { pool, seq } = reservationAddress(reservationId)
    const found = await askPool(ctx, pool, (stub) => stub.reservation(seq, reservationId))
    return found === null ? [] : validNumbers(found.reservation)
  },

  takeBack: (ctx, { reservationId }, numbers, onlyOwn) => voidTickets(ctx, reservationId, numbers, onlyOwn),

  async release(ctx, { reservationId }, isUnpaid) {
    await releaseTickets(ctx, reservationId, isUnpaid)
  },

  sweepHolds: null,

  /** Released numbers may belong to another buyer by now, and a cancelled sale has none, so neither is read. */
  details(ctx, lines) {
    const keys = JSON.stringify(lines.map(({ userId, reservationId }) => [userId, reservationId]))
    return ctx.db
      .select({
        id: reservations.id,
        numbers: sql<number[]>`iif(${pools.cancellation} IS NULL, ${validOf}, '[]')`.mapWith(
          reservations.numbers,
        ),
        fulfilment: sql<null>`NULL`.as('fulfilment'),
      })
      .from(reservations)
      .innerJoin(pools, eq(pools.pool, reservations.pool))
      .where(
        and(
          sql`(${reservations.holder}, ${reservations.id}) IN (
            SELECT value->>0, value->>1 FROM json_each(${keys}))`,
          inArray(reservations.state, ['held', 'sold', 'transferred']),
        ),
      )
  },

  fulfil: null,
}
