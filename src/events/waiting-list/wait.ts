/**
 * Joins, reads and leaves the waiting list of a ticket type. The pool keeps the list and makes the offers, because only it
 * knows what is free: see `tickets/pool/offers.ts`.
 */
import { and, eq, ne } from 'drizzle-orm'
import { requireCheckedUser } from '../../accounts/permissions.ts'
import type { Ctx } from '../../core/context.ts'
import { notFound } from '../../core/errors.ts'
import { toInstantOrNull } from '../../core/time.ts'
import { askPool, orThrow } from '../../tickets/client.ts'
import type { Waiting } from '../../tickets/pool-contract.ts'
import { events, ticketTypes } from '../schema.ts'
import type { WaitingPlace } from './contract.ts'

interface Named {
  id: string
  typeId: string
}

export async function joinWaitingList(ctx: Ctx, named: Named, quantity: number): Promise<WaitingPlace> {
  const { userId, isProved, staffOf } = requireCheckedUser(ctx)
  const pool = await poolOf(ctx, named)
  const entrant = { isProved, staffOf, isHuman: false, country: ctx.country }
  const request = { itemId: named.typeId, holder: userId, entrant, quantity }
  return present(named, orThrow(await askPool(ctx, pool, (stub) => stub.join(request))).waiting)
}

export async function readWaitingPlace(ctx: Ctx, named: Named): Promise<WaitingPlace> {
  const { userId } = requireCheckedUser(ctx)
  const pool = await poolOf(ctx, named)
  const waiting = await askPool(ctx, pool, (stub) => stub.waitingOf(userId))
  if (waiting === null) throw notFound('place on this waiting list')
  return present(named, waiting)
}

/** Idempotent. */
export async function leaveWaitingList(ctx: Ctx, named: Named): Promise<void> {
  const { userId } = requireCheckedUser(ctx)
  const pool = await poolOf(ctx, named)
  orThrow(await askPool(ctx, pool, (stub) => stub.leave(userId)))
}

/** The pool of a ticket type of an event that is published, or was. A hidden one is known to whoever has its id. */
async function poolOf(ctx: Ctx, { id, typeId }: Named): Promise<string> {
  const type = await ctx.db
    .select({ pool: ticketTypes.pool })
    .from(ticketTypes)
    .innerJoin(events, eq(events.id, ticketTypes.eventId))
    .where(and(eq(ticketTypes.id, typeId), eq(events.id, id), ne(events.status, 'draft')))
    .get()
  if (type === undefined) throw notFound('ticket type')
  return type.pool
}

const present = ({ typeId }: Named, { state, position, quantity, offeredUntil }: Waiting): WaitingPlace => ({
  ticketTypeId: typeId,
  state,
  position,
  quantity,
  offeredUntil: toInstantOrNull(offeredUntil),
})
