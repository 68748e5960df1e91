/**
 * A holder gives free admissions back before the event begins. Their seats are free at once. The return is written first,
 * then the pool voids the tickets, then the row is settled. After a crash the sweep goes on from there.
 */
import { and, asc, eq, isNotNull, lt, lte, notExists, sql } from 'drizzle-orm'
import { requireCheckedUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { type Swept, sweepRows } from '../core/sweep-rows.ts'
import { DAY_MS, MINUTE_MS } from '../core/time.ts'
import { events, ticketTypes } from '../events/schema.ts'
import { type FoundReservation, findReservation } from '../tickets/find-reservation.ts'
import { voidTickets } from '../tickets/void-tickets.ts'
import { type ReturnRow, ticketReturns } from './schema.ts'
import { selectWhoIsIn } from './who-is-in.ts'

const KEPT_MS = 90 * DAY_MS
const PURGED_A_SWEEP = 500

const refuse = (detail: string) => new Problem('invalid_state', detail)

/** Numbers that the holder no longer has are left out. So a repeat changes nothing. */
export async function returnTickets(
  ctx: Ctx,
  id: string,
  numbers: readonly number[] | undefined,
): Promise<FoundReservation> {
  requireCheckedUser(ctx)
  const { itemId, reservation } = await findReservation(ctx, id)
  await mustBeReturnable(ctx, itemId)
  if (reservation.state === 'held') throw refuse('This order is not paid yet: cancel it.')
  const own = reservation.state === 'sold' ? reservation.numbers : []
  const back = numbers === undefined ? own : own.filter((number) => numbers.includes(number))
  if (back.length > 0 && !(await carryOut(ctx, await record(ctx, itemId, id, back))))
    throw refuse('The event was cancelled, or you have just given a ticket to somebody else.')
  return findReservation(ctx, id)
}

/**
 * Race: a gate scans one of the tickets meanwhile. Safe: D1 runs the two statements one after the other. This one writes
 * nothing if somebody is in, and the gate's lets nobody in once this row is there.
 */
async function record(
  ctx: Ctx,
  itemId: string,
  reservationId: string,
  numbers: number[],
): Promise<ReturnRow> {
  const row = {
    reservationId,
    id: crypto.randomUUID(),
    numbers,
    dueAt: Date.now() + MINUTE_MS,
    settledAt: null,
  }
  const whoIsIn = selectWhoIsIn(ctx, { ticketTypeId: itemId, reservationId, numbers })
  const [, inside] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .insert(ticketReturns)
        .select(
          sql`SELECT ${reservationId}, ${row.id}, ${JSON.stringify(numbers)}, ${row.dueAt}, NULL WHERE ${notExists(whoIsIn)}`,
        )
        .onConflictDoNothing(),
      whoIsIn,
    ]),
  )
  if (inside.length > 0) throw refuse(`Ticket ${inside[0]!.number} is checked in: it cannot be given back.`)
  return row
}

/** Returns whether the tickets are void. If the pool refuses, the return is forgotten. Idempotent. */
async function carryOut(ctx: Ctx, { reservationId, id, numbers }: ReturnRow): Promise<boolean> {
  const isVoid = await voidTickets(ctx, reservationId, numbers, true)
  const isIt = and(
    eq(ticketReturns.reservationId, reservationId),
    eq(ticketReturns.id, id),
    isNotNull(ticketReturns.dueAt),
  )
  await withRetry(() =>
    isVoid
      ? ctx.db.update(ticketReturns).set({ dueAt: null, settledAt: ctx.now }).where(isIt)
      : ctx.db.delete(ticketReturns).where(isIt),
  )
  return isVoid
}

/** Finishes returns that a crash left. */
export const sweepReturns = (ctx: Ctx): Promise<Swept> =>
  sweepRows(ctx, {
    name: 'return of tickets',
    page: (limit) =>
      ctx.db
        .select()
        .from(ticketReturns)
        .where(lte(ticketReturns.dueAt, ctx.now))
        .orderBy(asc(ticketReturns.dueAt))
        .limit(limit),
    one: (row) => carryOut(ctx, row),
  })

/**
 * Deletes returns that were settled long ago. Only a scan that began before the return needs the row, and that has ended.
 * Each sweep deletes one batch.
 */
export async function purgeReturns(ctx: Ctx): Promise<void> {
  const old = ctx.db
    .select({ reservationId: ticketReturns.reservationId, id: ticketReturns.id })
    .from(ticketReturns)
    .where(lt(ticketReturns.settledAt, ctx.now - KEPT_MS))
    .orderBy(asc(ticketReturns.settledAt))
    .limit(PURGED_A_SWEEP)
  await ctx.db
    .delete(ticketReturns)
    .where(sql`(${ticketReturns.reservationId}, ${ticketReturns.id}) IN ${old}`)
}

async function mustBeReturnable(ctx: Ctx, itemId: string): Promise<void> {
  const found = await ctx.db
    .select({ price: ticketTypes.priceAmount, startsAt: events.startsAt })
    .from(ticketTypes)
    .innerJoin(events, eq(events.id, ticketTypes.eventId))
    .where(eq(ticketTypes.id, itemId))
    .get()
  if (found === undefined) throw refuse('Only admissions to an event can be given back.')
  if (found.price > 0) throw refuse('These tickets cost money: only a refund takes them back.')
  if (ctx.now >= found.startsAt) throw refuse('The event has begun.')
}
