/** Lists the grants of a raffle by order reference, and reads one of them. */
import { and, asc, eq, gt } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { type PageOf, type PageQuery, readCursor, toPage } from '../core/paging.ts'
import type { Grant } from './contract.ts'
import { findGrant, findRaffleForGrants } from './find-grant.ts'
import { presentGrant } from './present.ts'
import { grants } from './schema.ts'

const CursorKey = z.tuple([z.string()])

export async function listGrants(
  ctx: Ctx,
  raffleId: string,
  { limit, cursor }: PageQuery,
): Promise<PageOf<Grant>> {
  const raffle = await findRaffleForGrants(ctx, raffleId)
  const after = readCursor(cursor, CursorKey)
  const rows = await ctx.db
    .select()
    .from(grants)
    .where(and(eq(grants.raffleId, raffleId), after && gt(grants.orderRef, after[0])))
    .orderBy(asc(grants.orderRef))
    .limit(limit + 1)
  return toPage(
    rows,
    limit,
    ({ orderRef }) => [orderRef],
    (row) => presentGrant(row, raffle),
  )
}

export async function readGrant(ctx: Ctx, raffleId: string, orderRef: string): Promise<Grant> {
  const raffle = await findRaffleForGrants(ctx, raffleId)
  const grant = await findGrant(ctx, { raffleId, orderRef })
  if (grant === undefined) throw notFound('grant')
  return presentGrant(grant, raffle)
}
