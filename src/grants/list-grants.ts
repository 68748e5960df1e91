/** Lists the grants of a raffle by order reference, and reads one of them. */
import { and, asc, eq, gt, inArray, type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { MOST_ROWS_READ, type PageOf, readCursor, toPage } from '../core/paging.ts'
import type { Grant, ListGrants } from './contract.ts'
import { findGrant, findRaffleForGrants } from './find-grant.ts'
import { presentGrant } from './present.ts'
import { grants } from './schema.ts'

/** Sorts after every order reference. */
const LAST = '\u{10ffff}'
const CursorKey = z.tuple([z.string()])

export async function listGrants(
  ctx: Ctx,
  raffleId: string,
  { limit, cursor, status }: ListGrants,
): Promise<PageOf<Grant>> {
  const raffle = await findRaffleForGrants(ctx, raffleId)
  const after = readCursor(cursor, CursorKey)
  const following = and(eq(grants.raffleId, raffleId), after && gt(grants.orderRef, after[0]))
  const page = (filter?: SQL) =>
    ctx.db
      .select()
      .from(grants)
      .where(and(following, filter))
      .orderBy(asc(grants.orderRef))
      .limit(limit + 1)
  const readTo = ctx.db
    .select({ orderRef: grants.orderRef })
    .from(grants)
    .where(following)
    .orderBy(asc(grants.orderRef))
    .limit(1)
    .offset(MOST_ROWS_READ - 1)
  const isRead = sql`${grants.orderRef} <= coalesce((${readTo}), ${LAST})`
  const [rows, [end]] =
    status === undefined
      ? [await page(), []]
      : await ctx.db.batch([page(and(inArray(grants.status, status), isRead)), readTo])
  return toPage(
    rows,
    limit,
    ({ orderRef }) => [orderRef],
    (row) => presentGrant(row, raffle),
    end && [end.orderRef],
  )
}

export async function readGrant(ctx: Ctx, raffleId: string, orderRef: string): Promise<Grant> {
  const raffle = await findRaffleForGrants(ctx, raffleId)
  const grant = await findGrant(ctx, { raffleId, orderRef })
  if (grant === undefined) throw notFound('grant')
  return presentGrant(grant, raffle)
}
