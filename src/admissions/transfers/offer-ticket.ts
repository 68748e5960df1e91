/**
 * Offers an admission to the owner of an address. Neither the answer nor the work depends on whether a user has the address.
 * The ticket stays valid for the giver until the offer is accepted.
 */
import { and, count, eq, gte, sql } from 'drizzle-orm'
import { requireProvedAddress } from '../../accounts/invitations/proved-address.ts'
import { enqueueMail } from '../../accounts/mail/enqueue-mail.ts'
import type { Ctx } from '../../core/context.ts'
import { isUniqueViolation, withRetry } from '../../core/database.ts'
import { invalid, Problem } from '../../core/errors.ts'
import { firstIdAt, newId } from '../../core/ids.ts'
import { DAY_MS } from '../../core/time.ts'
import { events, ticketTypes } from '../../events/schema.ts'
import { findReservation } from '../../tickets/find-reservation.ts'
import { type TransferRow, ticketTransfers } from '../schema.ts'
import type { TicketTransfer } from './contract.ts'
import { isIn } from './is-in.ts'
import { presentTransfer } from './present.ts'

/** Each sends a mail to an address that the giver types. */
export const MAX_OFFERS_A_DAY = 20
/** Open offers of all givers together, so that many accounts cannot flood one address. A family fits. */
export const MAX_OPEN_OFFERS_TO_ADDRESS = 10
const OFFER_LIFE_MS = 7 * DAY_MS

const refuse = (detail: string) => new Problem('invalid_state', detail)

export async function offerTicket(
  ctx: Ctx,
  reservationId: string,
  number: number,
  email: string,
): Promise<TicketTransfer> {
  const { userId, email: ownEmail } = await requireProvedAddress(ctx)
  const { itemId, reservation, isCancelled } = await findReservation(ctx, reservationId)
  const facts = await factsOf(ctx, { itemId, reservationId, number })
  if (facts === undefined) throw refuse('Only admissions to an event can be given to others.')
  if (isCancelled || facts.status !== 'published' || ctx.now >= facts.startsAt)
    throw refuse('The event has begun or was cancelled.')
  if (!facts.transferable) throw refuse('This event does not let tickets be given to others.')
  if (reservation.state !== 'sold' || !reservation.numbers.includes(number))
    throw refuse('This ticket is not valid, or was given away already.')
  if (facts.isReceived) throw refuse('This ticket was given to you, so you cannot give it to others.')
  if (facts.isIn) throw refuse('Somebody is in with this ticket already.')
  if (email === ownEmail) throw invalid('email', 'must not be your own address')
  const row: TransferRow = {
    id: newId('transfer'),
    eventId: facts.eventId,
    ticketTypeId: itemId,
    reservationId,
    number,
    fromUser: userId,
    email,
    state: 'open',
    toUser: null,
    newReservationId: null,
    createdAt: ctx.now,
    expiresAt: Math.min(ctx.now + OFFER_LIFE_MS, facts.startsAt),
    dueAt: Math.min(ctx.now + OFFER_LIFE_MS, facts.startsAt),
  }
  await insert(ctx, row, facts)
  return presentTransfer({ transfer: row, title: facts.title }, userId)
}

interface Subject {
  itemId: string
  reservationId: string
  number: number
}

const factsOf = (ctx: Ctx, { itemId, reservationId, number }: Subject) =>
  ctx.db
    .select({
      eventId: events.id,
      title: events.title,
      status: events.status,
      startsAt: events.startsAt,
      timeZone: events.timeZone,
      transferable: events.transferable,
      isReceived: sql<boolean>`EXISTS (SELECT 1 FROM ${ticketTransfers}
        WHERE ${ticketTransfers.newReservationId} = ${reservationId})`.mapWith(Boolean),
      isIn: sql<boolean>`${isIn(itemId, number, reservationId)}`.mapWith(Boolean),
    })
    .from(ticketTypes)
    .innerJoin(events, eq(events.id, ticketTypes.eventId))
    .where(eq(ticketTypes.id, itemId))
    .get()

/** Throws if there are too many offers already. Race: two offers of one ticket. The index lets one of them in. */
async function insert(
  ctx: Ctx,
  row: TransferRow,
  { title, timeZone }: { title: string; timeZone: string },
): Promise<void> {
  const { id, fromUser, email, expiresAt } = row
  const ofToday = ctx.db
    .select({ made: count() })
    .from(ticketTransfers)
    .where(
      and(
        eq(ticketTransfers.fromUser, fromUser),
        gte(ticketTransfers.id, firstIdAt('transfer', ctx.now - DAY_MS)),
      ),
    )
  // An offer that has ended keeps no address.
  const toAddress = ctx.db
    .select({ open: count() })
    .from(ticketTransfers)
    .where(eq(ticketTransfers.email, email!))
  const isMade = sql`EXISTS (SELECT 1 FROM ${ticketTransfers} WHERE ${ticketTransfers.id} = ${id})`
  const data = { transferId: id, title, expiresAt, timeZone }
  try {
    const [, , [made], [today]] = await withRetry(() =>
      ctx.db.batch([
        ctx.db.insert(ticketTransfers).select(sql`
            SELECT ${id}, ${row.eventId}, ${row.ticketTypeId}, ${row.reservationId}, ${row.number}, ${fromUser},
                   ${email}, ${row.state}, NULL, NULL, ${row.createdAt}, ${expiresAt}, ${row.dueAt}
            WHERE (${ofToday}) < ${MAX_OFFERS_A_DAY} AND (${toAddress}) < ${MAX_OPEN_OFFERS_TO_ADDRESS}
              AND NOT ${isMade}`),
        enqueueMail(ctx, { to: null, subject: id, kind: 'ticket_given', data }, isMade),
        ctx.db.select({ id: ticketTransfers.id }).from(ticketTransfers).where(eq(ticketTransfers.id, id)),
        ofToday,
      ]),
    )
    if (made !== undefined) return
    throw new Problem(
      'limit_reached',
      today!.made < MAX_OFFERS_A_DAY
        ? `${MAX_OPEN_OFFERS_TO_ADDRESS} offers to this address wait for an answer. Wait before the next.`
        : `You have offered ${MAX_OFFERS_A_DAY} tickets within a day. Wait before the next.`,
    )
  } catch (error) {
    if (!isUniqueViolation(error, 'ticket_transfers.')) throw error
    throw new Problem('conflict', 'This ticket is offered to somebody already. Cancel that offer first.')
  }
}
