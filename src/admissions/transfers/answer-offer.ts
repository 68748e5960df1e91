/**
 * Ends an offer: its receiver accepts or declines it, or its giver cancels it. An acceptance is written first, then the pool
 * moves the ticket, then the row is settled. After a crash the sweep goes on from there, and the pool repeats its answer.
 */
import { and, asc, eq, gt, lte, not, sql } from 'drizzle-orm'
import { requireProvedAddress } from '../../accounts/invitations/proved-address.ts'
import { requireCheckedUser } from '../../accounts/permissions.ts'
import { users } from '../../accounts/schema.ts'
import type { Ctx } from '../../core/context.ts'
import { withRetry } from '../../core/database.ts'
import { notFound, Problem } from '../../core/errors.ts'
import { systemKey } from '../../core/idempotency.ts'
import { type Swept, sweepRows } from '../../core/sweep-rows.ts'
import { MINUTE_MS } from '../../core/time.ts'
import { events } from '../../events/schema.ts'
import { askPool } from '../../tickets/client.ts'
import { reservationAddress } from '../../tickets/reservation-id.ts'
import { type TransferRow, ticketTransfers } from '../schema.ts'
import type { TicketTransfer } from './contract.ts'
import { findTransfer } from './find-transfers.ts'
import { isIn } from './is-in.ts'
import { presentTransfer } from './present.ts'

export async function acceptOffer(ctx: Ctx, id: string): Promise<TicketTransfer> {
  const { userId, email } = await requireProvedAddress(ctx)
  const { ticketTypeId, number, reservationId } = ticketTransfers
  // Both may have changed since the offer: the giver's account, and the event.
  const isGiverActive = sql`EXISTS (SELECT 1 FROM ${users}
    WHERE ${users.id} = ${ticketTransfers.fromUser} AND ${users.status} = 'active')`
  const isEventOpen = sql`EXISTS (SELECT 1 FROM ${events} WHERE ${events.id} = ${ticketTransfers.eventId}
    AND ${events.status} = 'published' AND ${events.transferable} = 1)`
  await withRetry(() =>
    ctx.db
      .update(ticketTransfers)
      .set({ state: 'accepting', toUser: userId, email: null, dueAt: Date.now() + MINUTE_MS })
      .where(
        and(
          isOpenOffer(id),
          eq(ticketTransfers.email, email),
          gt(ticketTransfers.expiresAt, ctx.now),
          isGiverActive,
          isEventOpen,
          not(isIn(ticketTypeId, number, reservationId)),
        ),
      ),
  )
  const found = await findTransfer(ctx, id)
  // A repeat finds what it has done itself.
  if (found?.transfer.toUser !== userId || found.transfer.state === 'declined') throw notFound('transfer')
  const transfer = found.transfer.state === 'accepting' ? await carryOut(ctx, found.transfer) : found.transfer
  if (transfer.state === 'failed')
    throw new Problem('invalid_state', 'This ticket is no longer valid, so it cannot be given to you.')
  return presentTransfer({ ...found, transfer }, userId)
}

/** Idempotent. */
async function carryOut(ctx: Ctx, transfer: TransferRow): Promise<TransferRow> {
  const { id, reservationId, number, toUser } = transfer
  const { pool, seq } = reservationAddress(reservationId)
  const to = { holder: toUser!, key: systemKey(id) }
  const outcome = await askPool(ctx, pool, (stub) => stub.transfer(seq, reservationId, number, to))
  const result = outcome.ok
    ? ({ state: 'accepted', newReservationId: outcome.reservation.id } as const)
    : ({ state: 'failed', newReservationId: null } as const)
  await withRetry(() =>
    ctx.db
      .update(ticketTransfers)
      .set({ ...result, dueAt: null })
      .where(and(eq(ticketTransfers.id, id), eq(ticketTransfers.state, 'accepting'))),
  )
  return { ...transfer, ...result, dueAt: null }
}

/** Idempotent: a repeat finds the offer declined. */
export async function declineOffer(ctx: Ctx, id: string): Promise<void> {
  const { userId, email } = await requireProvedAddress(ctx)
  await withRetry(() =>
    ctx.db
      .update(ticketTransfers)
      .set({ state: 'declined', toUser: userId, email: null, dueAt: null })
      .where(and(isOpenOffer(id), eq(ticketTransfers.email, email))),
  )
  const known = (await findTransfer(ctx, id))?.transfer
  if (known?.state !== 'declined' || known.toUser !== userId) throw notFound('transfer')
}

/** Idempotent, as above. */
export async function cancelOffer(ctx: Ctx, id: string): Promise<void> {
  const { userId } = requireCheckedUser(ctx)
  await withRetry(() =>
    ctx.db
      .update(ticketTransfers)
      .set({ state: 'cancelled', email: null, dueAt: null })
      .where(and(isOpenOffer(id), eq(ticketTransfers.fromUser, userId))),
  )
  const known = (await findTransfer(ctx, id))?.transfer
  if (known?.fromUser !== userId) throw notFound('transfer')
  if (known.state !== 'cancelled')
    throw new Problem('invalid_state', `This offer has ended: it is ${known.state}.`)
}

/** Ends offers that have expired, and finishes acceptances that a crash left. */
export const sweepTransfers = (ctx: Ctx): Promise<Swept> =>
  sweepRows(ctx, {
    name: 'transfer of a ticket',
    page: (limit) =>
      ctx.db
        .select()
        .from(ticketTransfers)
        .where(lte(ticketTransfers.dueAt, ctx.now))
        .orderBy(asc(ticketTransfers.dueAt))
        .limit(limit),
    one: (transfer) =>
      transfer.state === 'accepting'
        ? carryOut(ctx, transfer)
        : ctx.db
            .update(ticketTransfers)
            .set({ state: 'expired', email: null, dueAt: null })
            .where(isOpenOffer(transfer.id)),
  })

const isOpenOffer = (id: string) => and(eq(ticketTransfers.id, id), eq(ticketTransfers.state, 'open'))
