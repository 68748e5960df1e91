/** A user who has a ticket of a raffle must not decide about the result of its draw. */
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'

/** `date`: `YYYY-MM-DD` in the lottery's time zone. */
export interface OfDraw {
  lotteryId: string
  date: string
}

/**
 * Titles of the raffles that this draw decides, that are not over, and of which this user has tickets. Raffles are above this
 * folder, so `app.ts` passes the query in.
 */
export type TicketsOnDraw = (ctx: Ctx, userId: string, draw: OfDraw) => Promise<string[]>

/** Whether a raffle on this draw is not over. It is passed in too. */
export type IsDrawInUse = (ctx: Ctx, draw: OfDraw) => Promise<boolean>

/** Throws if the user has such a ticket. Sales end before the draw is held, so nobody gets one afterwards. */
export async function refuseHolder(
  ctx: Ctx,
  ticketsOn: TicketsOnDraw,
  userId: string,
  draw: OfDraw,
): Promise<void> {
  const titles = await ticketsOn(ctx, userId, draw)
  if (titles.length === 0) return
  const named = titles.map((title) => `“${title}”`).join(', ')
  throw new Problem(
    'forbidden',
    `You have tickets of ${named}, which this draw decides: other admins must answer for its result.`,
  )
}
