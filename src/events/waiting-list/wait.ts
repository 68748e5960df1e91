/**
 * Joins, reads and leaves the waiting list of a ticket type. The pool keeps the list and makes the offers, because only it
 * knows what is free: see `tickets/pool/offers.ts`. Ticket types that share seats have one list, in the pool of their
 * capacity group: see decision 45.
 */
import { and, eq, ne } from 'drizzle-orm'
import { requireCheckedUser } from '../../accounts/permissions.ts'
import type { Ctx } from '../../core/context.ts'
import { notFound } from '../../core/errors.ts'
import { toInstantOrNull } from '../../core/time.ts'
import { askPool, orThrow } from '../../tickets/client.ts'
import { poolNameOf } from '../../tickets/reservation-id.ts'
import { waitKey } from '../../tickets/seat-type.ts'
import type { JoinRequest, Waiting } from '../../tickets/waiting-contract.ts'
import { events, ticketTypes } from '../schema.ts'
import type { WaitingPlace } from './contract.ts'

interface Named {
  id: string
  typeId: string
}

export async function joinWaitingList(ctx: Ctx, named: Named, quantity: number): Promise<WaitingPlace> {
  const { userId, isProved, staffOf } = requireCheckedUser(ctx)
  const { pool } = await findPool(ctx, named)
  const entrant = { isProved, staffOf, isHuman: false, country: ctx.country }
  const request = { itemId: named.typeId, holder: userId, entrant, quantity }
  const { waiting, group } = orThrow(await askPool(ctx, pool, (stub) => stub.join(request)))
  return present(named, waiting ?? (await joinGroup(ctx, request, group!)))
}

async function joinGroup(
  ctx: Ctx,
  request: JoinRequest,
  { id, seatType }: { id: string; seatType: NonNullable<JoinRequest['seatType']> },
): Promise<Waiting> {
  const holder = waitKey(request.holder, seatType.pool)
  const joined = await askPool(ctx, poolNameOf(id), (stub) =>
    stub.join({ ...request, itemId: id, holder, seatType }),
  )
  return orThrow(joined).waiting!
}

export async function readWaitingPlace(ctx: Ctx, named: Named): Promise<WaitingPlace> {
  const { userId } = requireCheckedUser(ctx)
  const { list, holder } = listOf(await findPool(ctx, named), userId)
  const waiting = await askPool(ctx, list, (stub) => stub.waitingOf(holder))
  if (waiting === null) throw notFound('place on this waiting list')
  return present(named, waiting)
}

/** Idempotent. */
export async function leaveWaitingList(ctx: Ctx, named: Named): Promise<void> {
  const { userId } = requireCheckedUser(ctx)
  const { list, holder } = listOf(await findPool(ctx, named), userId)
  orThrow(await askPool(ctx, list, (stub) => stub.leave(holder)))
}

interface FoundPool {
  pool: string
  groupId: string | null
}

/** The pool that has the list, and the person's name there. */
const listOf = ({ pool, groupId }: FoundPool, userId: string) =>
  groupId === null
    ? { list: pool, holder: userId }
    : { list: poolNameOf(groupId), holder: waitKey(userId, pool) }

/** The pool of a ticket type of an event that is published, or was. A hidden one is known to whoever has its id. */
async function findPool(ctx: Ctx, { id, typeId }: Named): Promise<FoundPool> {
  const type = await ctx.db
    .select({ pool: ticketTypes.pool, groupId: ticketTypes.capacityGroupId })
    .from(ticketTypes)
    .innerJoin(events, eq(events.id, ticketTypes.eventId))
    .where(and(eq(ticketTypes.id, typeId), eq(events.id, id), ne(events.status, 'draft')))
    .get()
  if (type === undefined) throw notFound('ticket type')
  return type
}

const present = ({ typeId }: Named, { state, position, quantity, offeredUntil }: Waiting): WaitingPlace => ({
  ticketTypeId: typeId,
  state,
  position,
  quantity,
  offeredUntil: toInstantOrNull(offeredUntil),
})
