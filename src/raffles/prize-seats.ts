/**
 * Prizes that are admissions: their tickets leave the sale at publication and are issued to winners who claim them. The
 * rows say what is wanted before a pool is called. The pool's reservation has the raffle as its holder. Tickets that
 * nobody can win any longer are for sale again. See decision 35.
 */
import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { type FieldError, Problem } from '../core/errors.ts'
import { doEach } from '../core/sweep-rows.ts'
import { events, ticketTypes } from '../events/schema.ts'
import { askPool } from '../tickets/client.ts'
import type { ReserveOutcome } from '../tickets/pool-contract.ts'
import { setTicketsAside } from '../tickets/set-aside.ts'
import { voidTickets } from '../tickets/void-tickets.ts'
import type { Prize } from './prize-contract.ts'
import type { FollowUp } from './schedule-sweep.ts'
import { type PrizeSeatRow, prizeSeats, type RaffleRow, raffles } from './schema.ts'

interface Seat {
  unit: string
  ticketTypeId: string
}

/** The tickets that the prizes need, unit by unit. */
export const seatsOf = (prizes: readonly Prize[]): Seat[] =>
  prizes.flatMap((prize, index) => {
    if (prize.kind !== 'item' || prize.ticketTypeId === undefined) return []
    const { ticketTypeId, quantity } = prize
    return Array.from({ length: quantity }, (_, copy) => ({
      unit: `${index + 1}#${copy + 1}`,
      ticketTypeId,
    }))
  })

const inOrder = (seats: readonly Seat[]): string =>
  JSON.stringify(seats.map(({ unit, ticketTypeId }) => `${unit} ${ticketTypeId}`).toSorted())

/** Whether two lists of prizes need the same tickets, unit by unit. */
export const takesTheSameSeats = (left: readonly Prize[], right: readonly Prize[]): boolean =>
  inOrder(seatsOf(left)) === inOrder(seatsOf(right))

/** An error for every ticket type that the organisation cannot give away. `drawAt`: null until the raffle is published. */
export async function wrongSeats(
  ctx: Ctx,
  organisationId: string,
  prizes: readonly Prize[],
  drawAt: number | null,
): Promise<FieldError[]> {
  const wanted = seatsOf(prizes).map(({ ticketTypeId }) => ticketTypeId)
  if (wanted.length === 0) return []
  const found = await ctx.db
    .select({ id: ticketTypes.id, status: events.status, endsAt: events.endsAt })
    .from(ticketTypes)
    .innerJoin(events, eq(events.id, ticketTypes.eventId))
    .where(
      and(
        eq(events.organisationId, organisationId),
        sql`${ticketTypes.id} IN (SELECT value FROM json_each(${JSON.stringify(wanted)}))`,
      ),
    )
  const known = new Map(found.map((row) => [row.id, row]))
  const why = (id: string): string | null => {
    const type = known.get(id)
    if (type === undefined) return 'no such ticket type of this organisation'
    if (type.status === 'cancelled') return 'its event is cancelled'
    if (type.endsAt <= ctx.now) return 'its event is over'
    if (drawAt === null) return null
    if (type.status === 'draft') return 'its event is not published'
    return type.endsAt <= drawAt ? 'its event ends before the draw' : null
  }
  return prizes.flatMap((prize, index) => {
    if (prize.kind !== 'item' || prize.ticketTypeId === undefined) return []
    const message =
      prize.productId === undefined ? why(prize.ticketTypeId) : 'name a product or a ticket type, not both'
    return message === null ? [] : [{ path: `prizes.${index}.ticketTypeId`, message }]
  })
}

const ofRaffle = (raffleId: string): SQL => eq(prizeSeats.raffleId, raffleId)

export const readSeats = (ctx: Ctx, raffleId: string) =>
  ctx.db.select().from(prizeSeats).where(ofRaffle(raffleId))

/**
 * Sets aside the tickets of a draft's prizes, before anything else of the publication. If the publication fails or
 * crashes, the sweep returns them at `dueAt`: by then no publication that began before can go on.
 */
export async function setSeatsAside(ctx: Ctx, raffle: RaffleRow, { dueAt }: FollowUp): Promise<void> {
  const seats = seatsOf(raffle.prizes)
  if (seats.length === 0) {
    if ((await readSeats(ctx, raffle.id).limit(1)).length > 0) throw otherSeats()
    return
  }
  const rows = seats.map((seat) => ({ ...seat, key: `prize:${rankOf(seat)}:${dueAt}` }))
  const isDraft = sql`EXISTS (SELECT 1 FROM ${raffles} WHERE ${raffles.id} = ${raffle.id}
    AND ${raffles.status} = 'draft' AND ${raffles.revision} = ${raffle.revision})`
  const [, , known] = await withRetry(() =>
    ctx.db.batch([
      ctx.db.insert(prizeSeats).select(sql`
        SELECT ${raffle.id}, value->>'unit', value->>'ticketTypeId', value->>'key', 'wanted', NULL, NULL, NULL, NULL,
               ${dueAt}
        FROM json_each(${JSON.stringify(rows)})
        WHERE ${isDraft} AND NOT EXISTS (SELECT 1 FROM ${prizeSeats} WHERE ${ofRaffle(raffle.id)})`),
      ctx.db
        .update(prizeSeats)
        .set({ dueAt })
        .where(and(ofRaffle(raffle.id), inArray(prizeSeats.state, ['wanted', 'aside']), isDraft)),
      readSeats(ctx, raffle.id),
    ]),
  )
  const isReady = known.every(({ state }) => state === 'wanted' || state === 'aside')
  if (!isReady || inOrder(known) !== inOrder(seats)) throw otherSeats()
  for (const [key, wanted] of byKey(known.filter(({ state }) => state === 'wanted'))) {
    const outcome = await reserveSeats(ctx, raffle.id, key, wanted)
    if (!outcome.ok) throw notSetAside(wanted[0]!, outcome)
    const { id, state, numbers } = outcome.reservation
    if (state !== 'sold' || numbers.length !== wanted.length) throw otherSeats()
    await storeNumbers(ctx, wanted, id, numbers)
  }
}

const rankOf = ({ unit }: Pick<Seat, 'unit'>): number => Number(unit.split('#')[0])
const byKey = (seats: PrizeSeatRow[]) => Map.groupBy(seats, ({ key }) => key)

const otherSeats = (): Problem =>
  new Problem(
    'conflict',
    'This raffle was being published with other prizes a moment ago. Read it again, and try again in two minutes.',
  )

const notSetAside = (
  seat: PrizeSeatRow,
  { code, detail }: { code: Problem['code']; detail: string },
): Problem =>
  new Problem(code, `The tickets of a prize cannot be set aside: ${detail}`, {
    errors: [{ path: `prizes.${rankOf(seat) - 1}.ticketTypeId`, message: detail }],
  })

/** A repeat with the same key returns the same reservation. */
const reserveSeats = (
  ctx: Ctx,
  raffleId: string,
  key: string,
  seats: PrizeSeatRow[],
): Promise<ReserveOutcome> =>
  setTicketsAside(ctx, {
    ticketTypeId: seats[0]!.ticketTypeId,
    holder: raffleId,
    key,
    quantity: seats.length,
  })

const storeNumbers = (ctx: Ctx, seats: PrizeSeatRow[], reservationId: string, numbers: number[]) => {
  const given = JSON.stringify(seats.map(({ unit }, at) => ({ unit, number: numbers[at] })))
  const { raffleId, key } = seats[0]!
  return withRetry(() =>
    ctx.db
      .update(prizeSeats)
      .set({
        state: 'aside',
        reservationId,
        number: sql`(SELECT value->>'number' FROM json_each(${given}) WHERE value->>'unit' = ${prizeSeats.unit})`,
      })
      .where(and(ofRaffle(raffleId), eq(prizeSeats.key, key), eq(prizeSeats.state, 'wanted'))),
  )
}

/** The prizes of accepted terms, each with the ticket type that was set aside for it. */
export async function withTicketTypes(
  ctx: Ctx,
  raffleId: string,
  prizes: readonly Prize[],
): Promise<Prize[]> {
  const typeOf = new Map((await readSeats(ctx, raffleId)).map((seat) => [rankOf(seat), seat.ticketTypeId]))
  return prizes.map((prize, index) => {
    const ticketTypeId = typeOf.get(index + 1)
    return prize.kind === 'item' && ticketTypeId !== undefined ? { ...prize, ticketTypeId } : prize
  })
}

/** A statement for the batch that ends a raffle: the next sweep returns what nobody can win any longer. */
export const returnSeatsSoon = (ctx: Ctx, raffleId: string, status: RaffleRow['status']) =>
  ctx.db
    .update(prizeSeats)
    .set({ dueAt: ctx.now })
    .where(
      sql`${ofRaffle(raffleId)} AND ${prizeSeats.state} IN ('wanted', 'aside') AND EXISTS (
        SELECT 1 FROM ${raffles} WHERE ${raffles.id} = ${raffleId} AND ${raffles.status} = ${status})`,
    )

/**
 * Does what is due for the tickets of a raffle, except issuing them. A raffle that goes on keeps them. Of one that is over,
 * and of a draft whose publication failed, they are for sale again.
 */
export async function settleSeats(ctx: Ctx, raffleId: string): Promise<void> {
  const raffle = await ctx.db.select().from(raffles).where(eq(raffles.id, raffleId)).get()
  const isDraft = raffle === undefined || raffle.status === 'draft'
  if (isDraft && raffle !== undefined) {
    // Its pool may have the terms, and the sweep of raffles has not followed it yet.
    const isPublished = (await askPool(ctx, raffle, (pool) => pool.state())) !== null
    if (isPublished) throw new Error('the publication is not stored yet')
  }
  const isDue = sql`${ofRaffle(raffleId)} AND ${prizeSeats.dueAt} <= ${ctx.now}
    AND ${prizeSeats.state} IN ('wanted', 'aside')`
  const isLive = sql`EXISTS (SELECT 1 FROM ${raffles} WHERE ${raffles.id} = ${raffleId} AND ${raffles.status} IN ('scheduled', 'drawn'))`
  const isEnded = sql`NOT EXISTS (SELECT 1 FROM ${raffles} WHERE ${raffles.id} = ${raffleId} AND ${raffles.status} IN ('scheduled', 'drawn'))`
  await withRetry(() =>
    ctx.db.batch([
      ctx.db.update(prizeSeats).set({ dueAt: null }).where(and(isDue, isLive)),
      ctx.db.update(prizeSeats).set({ state: 'returning' }).where(and(isDue, isEnded)),
    ]),
  )
  const seats = await ctx.db
    .select()
    .from(prizeSeats)
    .where(and(ofRaffle(raffleId), eq(prizeSeats.state, 'returning')))
  await doEach(
    [...byKey(seats)].map(
      ([key, returning]) =>
        () =>
          returnSeats(ctx, key, returning),
    ),
  )
  // A draft may be published again with other prizes.
  const isReturned = and(ofRaffle(raffleId), eq(prizeSeats.state, 'returned'))
  if (isDraft) await ctx.db.delete(prizeSeats).where(isReturned)
}

/**
 * Race: a publication may have called the pool and crashed before it stored the answer. Safe: the same key finds that
 * reservation, or makes it, so nothing is left behind.
 */
async function returnSeats(ctx: Ctx, key: string, seats: PrizeSeatRow[]): Promise<void> {
  const [{ raffleId, reservationId }] = seats as [PrizeSeatRow]
  if (reservationId !== null) {
    const numbers = seats.flatMap(({ number }) => (number === null ? [] : [number]))
    await voidTickets(ctx, reservationId, numbers)
  } else {
    const outcome = await reserveSeats(ctx, raffleId, key, seats)
    if (outcome.ok) await voidTickets(ctx, outcome.reservation.id, null)
  }
  const units = seats.map(({ unit }) => unit)
  await withRetry(() =>
    ctx.db
      .update(prizeSeats)
      .set({ state: 'returned', dueAt: null })
      .where(
        and(
          ofRaffle(raffleId),
          eq(prizeSeats.state, 'returning'),
          sql`${prizeSeats.unit} IN (SELECT value FROM json_each(${JSON.stringify(units)}))`,
        ),
      ),
  )
}
