/** A holder gives free admissions back before the event begins. Their seats are free at once. */
import { eq } from 'drizzle-orm'
import { requireCheckedUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { events, ticketTypes } from '../events/schema.ts'
import { type FoundReservation, findReservation } from '../tickets/find-reservation.ts'
import { voidTickets } from '../tickets/void-tickets.ts'
import { selectWhoIsIn } from './who-is-in.ts'

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
  const inside = await selectWhoIsIn(ctx, { ticketTypeId: itemId, reservationId: id, numbers: back })
  if (inside.length > 0) throw refuse(`Ticket ${inside[0]!.number} is checked in: it cannot be given back.`)
  if (back.length > 0 && !(await voidTickets(ctx, id, back, true)))
    throw refuse('The event was cancelled, or you have just given a ticket to somebody else.')
  return findReservation(ctx, id)
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
