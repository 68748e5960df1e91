/** Reminds winners who have not claimed, three days and one day before their claim window ends. */
import { and, asc, eq, gt, lte, not, sql } from 'drizzle-orm'
import { enqueueMails, type MailOfMany } from '../accounts/mail/enqueue-mail.ts'
import { mails } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { DAY_MS } from '../core/time.ts'
import { events, ticketTypes } from '../events/schema.ts'
import { prizeSeats, raffles } from '../raffles/schema.ts'
import { prizeOf } from './present.ts'
import { winners } from './schema.ts'
import { isSeatOfWinner, seatProblem } from './seat-of-winner.ts'
import { isUnderReview } from './under-review.ts'
import { prizeText } from './winner-mails.ts'

const REMINDERS = [
  { kind: 'claim_reminder_3d', fromMs: 3 * DAY_MS, untilMs: DAY_MS },
  { kind: 'claim_reminder_1d', fromMs: DAY_MS, untilMs: 0 },
] as const
const WINNERS_A_SWEEP = 500

export async function remindWinners(ctx: Ctx): Promise<void> {
  for (const reminder of REMINDERS) await remind(ctx, reminder)
}

async function remind(ctx: Ctx, { kind, fromMs, untilMs }: (typeof REMINDERS)[number]): Promise<void> {
  const isReminded = sql`EXISTS (SELECT 1 FROM ${mails} WHERE ${mails.subject} = ${winners.id} AND ${mails.kind} = ${kind})`
  const found = await ctx.db
    .select({ winner: winners, raffle: raffles, problem: seatProblem(ctx) })
    .from(winners)
    .innerJoin(raffles, eq(raffles.id, winners.raffleId))
    .leftJoin(prizeSeats, isSeatOfWinner)
    .leftJoin(ticketTypes, eq(ticketTypes.id, prizeSeats.ticketTypeId))
    .leftJoin(events, eq(events.id, ticketTypes.eventId))
    .where(
      and(
        eq(winners.status, 'announced'),
        gt(winners.claimBy, ctx.now + untilMs),
        lte(winners.claimBy, ctx.now + fromMs),
        // A win that was announced within this time needs no reminder.
        sql`${winners.announcedAt} < ${winners.claimBy} - ${fromMs}`,
        sql`NOT ${isReminded}`,
        // A claim is refused during a review. The window is longer by that time, so the reminder follows.
        not(isUnderReview(ctx, winners.id)),
      ),
    )
    .orderBy(asc(winners.claimBy))
    .limit(WINNERS_A_SWEEP)
  if (found.length === 0) return
  const rows: MailOfMany<typeof kind>[] = found.map(({ winner, raffle, problem }) => ({
    to: winner.userId,
    subject: winner.id,
    data: {
      raffleId: raffle.id,
      title: raffle.title,
      prizes: [prizeText(prizeOf({ winner, raffle }).title, problem)],
      claimBy: winner.claimBy,
      timeZone: raffle.timeZone,
    },
  }))
  // Race: a winner may claim after the read. The guard then skips that mail.
  const isOpen = sql`EXISTS (SELECT 1 FROM ${winners}
    WHERE ${winners.id} = value->>'subject' AND ${winners.status} = 'announced')`
  await withRetry(() => enqueueMails(ctx, kind, rows, { bulk: false, guard: isOpen }))
}
