/** What was requested of M-Pesa for each attempt at a refund or payout. */
import { and, eq, gte, isNull, lt, lte, or, sql } from 'drizzle-orm'
import type { Ctx } from '../../../core/context.ts'
import { withRetry } from '../../../core/database.ts'
import { mpesaTransfers } from '../../schema.ts'

export type TransferRow = typeof mpesaTransfers.$inferSelect

const isOf = (id: string) => eq(mpesaTransfers.id, id)

/** All attempts at the refund or payout `subject`: the key of a later attempt is the id and a suffix. */
export const attemptsAt = (ctx: Ctx, subject: string): Promise<TransferRow[]> =>
  ctx.db
    .select()
    .from(mpesaTransfers)
    .where(and(gte(mpesaTransfers.id, subject), lt(mpesaTransfers.id, `${subject}~`)))

/** Before the first request. Undefined: another call has inserted it, and requests it. */
export async function insertTransfer(
  ctx: Ctx,
  id: string,
  kind: TransferRow['kind'],
): Promise<TransferRow | undefined> {
  // No retry: if the result is lost, another call may be under way. The next one counts as a repeat.
  const [inserted] = await ctx.db
    .insert(mpesaTransfers)
    .values({ id, kind, requests: 1, requestedAt: ctx.now })
    .onConflictDoNothing()
    .returning()
  return inserted
}

/** Before a repeat. False: it was accepted or refused meanwhile. */
export async function countRepeat(ctx: Ctx, id: string): Promise<boolean> {
  const [counted] = await ctx.db
    .update(mpesaTransfers)
    .set({ requests: sql`${mpesaTransfers.requests} + 1` })
    .where(and(isOf(id), isNull(mpesaTransfers.conversation), isNull(mpesaTransfers.refusal)))
    .returning({ id: mpesaTransfers.id })
  return counted !== undefined
}

export const markAccepted = (ctx: Ctx, id: string, conversation: string) =>
  withRetry(() =>
    ctx.db
      .update(mpesaTransfers)
      .set({ conversation })
      .where(and(isOf(id), isNull(mpesaTransfers.conversation))),
  )

/**
 * Records that M-Pesa did not take the only request. False: there were others, one of which it may have taken. Race: another
 * call repeats the request at this moment. Safe: it counts itself first, and one of the two statements finds the other's.
 */
export async function markRefused(ctx: Ctx, id: string, refusal: string): Promise<boolean> {
  const [refused] = await withRetry(() =>
    ctx.db
      .update(mpesaTransfers)
      .set({ refusal })
      .where(and(isOf(id), eq(mpesaTransfers.requests, 1), isNull(mpesaTransfers.conversation)))
      .returning({ id: mpesaTransfers.id }),
  )
  return refused !== undefined
}

/** Claims the next status query; false: another was sent since `before` (ms). */
export async function claimStatusQuery(ctx: Ctx, id: string, before: number): Promise<boolean> {
  const [claimed] = await ctx.db
    .update(mpesaTransfers)
    .set({ statusAskedAt: ctx.now })
    .where(and(isOf(id), or(isNull(mpesaTransfers.statusAskedAt), lte(mpesaTransfers.statusAskedAt, before))))
    .returning({ id: mpesaTransfers.id })
  return claimed !== undefined
}
