/** Reads payouts, for members with the permission in their organisation; non-members get `not_found`. */
import { and, desc, eq, inArray, isNotNull, lt } from 'drizzle-orm'
import * as z from 'zod'
import { organisationsWith, type Permission, requirePermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import { type PayoutRow, payouts } from '../money/schema.ts'
import type { ListPayouts, Payout } from './contract.ts'
import { presentPayout } from './present.ts'

export async function findPayoutFor(ctx: Ctx, id: string, permission: Permission): Promise<PayoutRow> {
  const payout = await readPayout(ctx, id)
  if (payout === undefined) throw notFound('payout')
  await requirePermission(ctx, payout.organisationId, permission, 'payout')
  return payout
}

export const readPayout = (ctx: Ctx, id: string): Promise<PayoutRow | undefined> =>
  ctx.db.select().from(payouts).where(eq(payouts.id, id)).get()

/** The payouts of the organisations in which the caller may request or approve payouts, the newest first. */
export async function listPayouts(ctx: Ctx, query: ListPayouts): Promise<PageOf<Payout>> {
  const mine = await organisationsWith(ctx, ['payouts:approve', 'payouts:request'])
  const last = readCursor(query.cursor, z.tuple([z.string()]))
  const rows = await ctx.db
    .select()
    .from(payouts)
    .where(
      and(
        mine === null ? undefined : inArray(payouts.organisationId, mine),
        query.needs === 'attention' ? isNotNull(payouts.attention) : undefined,
        query.status === undefined ? undefined : inArray(payouts.status, query.status),
        query.raffleId === undefined ? undefined : eq(payouts.raffleId, query.raffleId),
        query.eventId === undefined ? undefined : eq(payouts.eventId, query.eventId),
        last === undefined ? undefined : lt(payouts.id, last[0]),
      ),
    )
    .orderBy(desc(payouts.id))
    .limit(query.limit + 1)
  return toPage(rows, query.limit, ({ id }) => [id], presentPayout)
}
