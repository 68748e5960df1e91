/**
 * Lists an order's refunds, newest first: all for its buyer; for an operator only those of their organisation's lines.
 */
import { and, desc, eq, lt, type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import { requireCheckedUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound, Problem } from '../core/errors.ts'
import { type PageOf, type PageQuery, readCursor, toPage } from '../core/paging.ts'
import { refunds } from '../money/schema.ts'
import { findOrder, type OrderRows } from '../orders/find-order.ts'
import type { Refund } from './contract.ts'
import { presentRefund } from './present.ts'
import { requireRefunds } from './who-may-refund.ts'

export async function listRefunds(ctx: Ctx, orderId: string, query: PageQuery): Promise<PageOf<Refund>> {
  const { userId } = requireCheckedUser(ctx)
  const found = await findOrder(ctx, orderId)
  const isVisible = found.order.userId === userId ? undefined : await visibleRefunds(ctx, found)
  const last = readCursor(query.cursor, z.tuple([z.string()]))
  const rows = await ctx.db
    .select()
    .from(refunds)
    .where(and(eq(refunds.orderId, orderId), isVisible, last && lt(refunds.id, last[0])))
    .orderBy(desc(refunds.id))
    .limit(query.limit + 1)
  return toPage(
    rows,
    query.limit,
    ({ id }) => [id],
    (row) => presentRefund(row, found.lines),
  )
}

/** What a member may see of another person's order. Undefined: all refunds. */
async function visibleRefunds(ctx: Ctx, { lines }: OrderRows): Promise<SQL | undefined> {
  const ownLines: number[] = []
  let refusal: Problem | null = null
  for (const line of lines) {
    try {
      await requireRefunds(ctx, [line], 'order')
      ownLines.push(line.line)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (refusal === null || error.code !== 'not_found') refusal = error
    }
  }
  if (ownLines.length === 0) throw refusal ?? notFound('order')
  if (ownLines.length === lines.length) return undefined
  return sql`json_array_length(${refunds.lines}) > 0 AND NOT EXISTS (SELECT 1 FROM json_each(${refunds.lines})
    WHERE value->>'line' NOT IN (SELECT value FROM json_each(${JSON.stringify(ownLines)})))`
}
