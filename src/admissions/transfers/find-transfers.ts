/** Reads transfers: one by its id, and the lists of a giver and of an address. */
import { and, desc, eq, gt, lt } from 'drizzle-orm'
import * as z from 'zod'
import { requireProvedAddress } from '../../accounts/invitations/proved-address.ts'
import { requireCheckedUser } from '../../accounts/permissions.ts'
import { type UserRow, users } from '../../accounts/schema.ts'
import type { Ctx } from '../../core/context.ts'
import { type PageOf, readCursor, toPage } from '../../core/paging.ts'
import { events } from '../../events/schema.ts'
import { ticketTransfers } from '../schema.ts'
import type { ListTransfers, TicketTransfer } from './contract.ts'
import { type FoundTransfer, presentTransfer } from './present.ts'

const select = (ctx: Ctx) =>
  ctx.db
    .select({ transfer: ticketTransfers, title: events.title })
    .from(ticketTransfers)
    .innerJoin(events, eq(events.id, ticketTransfers.eventId))

export const findTransfer = (ctx: Ctx, id: string): Promise<FoundTransfer | undefined> =>
  select(ctx).where(eq(ticketTransfers.id, id)).get()

/** Newest first. */
export async function listTransfers(
  ctx: Ctx,
  { direction, limit, cursor }: ListTransfers,
): Promise<PageOf<TicketTransfer>> {
  const { userId } = requireCheckedUser(ctx)
  const which =
    direction === 'out'
      ? eq(ticketTransfers.fromUser, userId)
      : and(
          eq(ticketTransfers.email, (await requireProvedAddress(ctx)).email),
          eq(ticketTransfers.state, 'open'),
          gt(ticketTransfers.expiresAt, ctx.now),
        )
  const last = readCursor(cursor, z.tuple([z.string(), z.string()]), direction)
  const rows = await select(ctx)
    .where(and(which, last && lt(ticketTransfers.id, last[1])))
    .orderBy(desc(ticketTransfers.id))
    .limit(limit + 1)
  return toPage(
    rows,
    limit,
    ({ transfer }) => [direction, transfer.id],
    (row) => presentTransfer(row, userId),
  )
}

/** Whom the mail of an offer is for; undefined: it has ended. The name stays out of the mail. */
export async function readOffered(
  ctx: Ctx,
  transferId: string,
): Promise<Pick<UserRow, 'email' | 'name' | 'language'> | undefined> {
  const row = await ctx.db
    .select({ email: ticketTransfers.email, language: users.language })
    .from(ticketTransfers)
    .leftJoin(users, eq(users.email, ticketTransfers.email))
    .where(and(eq(ticketTransfers.id, transferId), eq(ticketTransfers.state, 'open')))
    .get()
  return row?.email == null ? undefined : { email: row.email, name: '', language: row.language }
}
