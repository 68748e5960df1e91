/** The sweep, once a minute: first incoming money, then due raffles, then outgoing money. At the end it records its run. */
import { foldNames } from './accounts/fold-names.ts'
import { purgeInvitations } from './accounts/invitations/purge-invitations.ts'
import { purgeMails } from './accounts/mail/purge-mails.ts'
import type { MailReads } from './accounts/mail/reads.ts'
import { sweepMails } from './accounts/mail/sweep-mails.ts'
import { purgeRevocations } from './accounts/purge-revocations.ts'
import { purgeSessions } from './accounts/purge-sessions.ts'
import { purgeReturns, sweepReturns } from './admissions/return-tickets.ts'
import { sweepTransfers } from './admissions/transfers/answer-offer.ts'
import { readOffered } from './admissions/transfers/find-transfers.ts'
import { foldCatalogue } from './catalog/folded-product.ts'
import { sweepHolds } from './checkout/sweep-holds.ts'
import { sweepOrders } from './checkout/sweep-orders.ts'
import { type Bindings, type Ctx, createContext } from './core/context.ts'
import { newId } from './core/ids.ts'
import { Logger } from './core/logging.ts'
import { logMissingMigrations } from './core/missing-migrations.ts'
import { settingsOf } from './core/settings.ts'
import { advanceDueRaffles } from './draws/advance-due-raffles.ts'
import { awaitOfficialDraws } from './draws/awaited-draws.ts'
import { sweepSeats } from './draws/issue-seats.ts'
import { sweepNotices } from './draws/notify-holders.ts'
import { remindWinners } from './draws/remind-winners.ts'
import { foldEvents } from './events/folded-event.ts'
import { sweepEventNotices } from './events/notices/sweep-notices.ts'
import { sweepCapacityGroups, sweepTicketTypes } from './events/ticket-types/sweep-types.ts'
import { readKept } from './events/waiting-list/read-kept.ts'
import { sweepAdmissions } from './grants/earn-by-admission.ts'
import { finishDueGrants, sweepGrants } from './grants/sweep-grants.ts'
import { recordSweep } from './insights/sweeps.ts'
import { sweepLotteries } from './lotteries/sweep-lotteries.ts'
import { readBought } from './orders/read-bought.ts'
import { sweepPayments } from './payments/sweep-payments.ts'
import { sweepEvents } from './payouts/settle-events.ts'
import { sweepPayouts } from './payouts/sweep-payouts.ts'
import { foldRaffles } from './raffles/fold-titles.ts'
import { sweepSeries } from './raffles/series/sweep-series.ts'
import { isDrawInUse, ticketsOnDraw } from './raffles/uses-of-lottery.ts'
import { readRefunded } from './refunds/cancelled-event-mail.ts'
import { sweepRefundRuns } from './refunds/refund-run.ts'
import { sweepRefunds } from './refunds/sweep-refunds.ts'
import { sweepCharges } from './sandbox/send-webhook.ts'
import { sweepSearch } from './search/keep-in-step.ts'
import { sweepSuspensions } from './suspensions/sweep-suspensions.ts'
import { purgeWebhooks } from './webhooks/receive-webhook.ts'
import { sweepWebhooks } from './webhooks/sweep-webhooks.ts'

/** What mails say that `accounts` cannot read. */
export const MAIL_READS: MailReads = {
  readOffered,
  facts: { order_paid: readBought, refund_paid: readRefunded, tickets_offered: readKept },
}

type Job = [name: string, run: (ctx: Ctx) => Promise<unknown>]

// Money that has arrived may still become tickets before a raffle freezes, so it comes first.
const BEFORE_RAFFLES: readonly Job[] = [
  ['sandbox', sweepCharges],
  ['webhooks', sweepWebhooks],
  ['payments', sweepPayments],
  ['orders', sweepOrders],
  ['admissions', sweepAdmissions],
  ['grants', sweepGrants],
  // A ticket type sells only once its group does.
  ['capacity groups', sweepCapacityGroups],
  ['ticket types', sweepTicketTypes],
  // Once a raffle is frozen, nothing of it is taken back.
  ['suspensions', sweepSuspensions],
]
const AFTER_RAFFLES: readonly Job[] = [
  ['refund runs', sweepRefundRuns],
  // A refund run revokes the entries that its orders earned. They must go before their raffle freezes.
  ['revoked grants', (ctx) => finishDueGrants(ctx)],
  ['refunds', sweepRefunds],
  ['holds', sweepHolds],
  ['prize seats', sweepSeats],
  ['events', sweepEvents],
  ['payouts', sweepPayouts],
  ['notices', sweepNotices],
  ['event notices', sweepEventNotices],
  ['reminders', remindWinners],
  ['returns', sweepReturns],
  ['transfers', sweepTransfers],
  ['mails', (ctx) => sweepMails(ctx, MAIL_READS)],
  ['series', sweepSeries],
  // A page may take seconds to answer, so everything that somebody waits for goes first.
  ['official draws', awaitOfficialDraws],
  ['lotteries', (ctx) => sweepLotteries(ctx, { ticketsOn: ticketsOnDraw, isInUse: isDrawInUse })],
  ['fold names', foldNames],
  ['fold catalogue', foldCatalogue],
  ['fold raffles', foldRaffles],
  ['fold events', foldEvents],
  ['search', sweepSearch],
  ['purge sessions', purgeSessions],
  ['purge invitations', purgeInvitations],
  ['purge revocations', purgeRevocations],
  ['purge mails', purgeMails],
  ['purge returns', purgeReturns],
  ['purge webhooks', purgeWebhooks],
]

/** Runs one sweep. It may be late, run twice at once or crash at any point; the next sweep finishes its work. */
export async function runSweep(env: Bindings, scheduledAt: number): Promise<void> {
  const settings = settingsOf(env)
  if (!settings.ok) {
    new Logger('error').error('the sweep did not run: not configured', {
      problems: settings.problems.join('. '),
    })
    return
  }
  const ctx = createContext(env, settings.settings, Date.now(), newId('sweep'))
  const startedAt = ctx.now
  // It explains why jobs fail. Those that need nothing of a missing migration go on.
  await logMissingMigrations(ctx)
  for (const [name, run] of BEFORE_RAFFLES) await runJob(ctx, name, run)
  const { advanced, overdue, failed } = await advanceDueRaffles(ctx)
  for (const [name, run] of AFTER_RAFFLES) await runJob(ctx, name, run)
  await recordSweep(ctx, { startedAt, finishedAt: Date.now(), overdue: overdue + failed })
  ctx.log.info('sweep', { scheduledAt, durationMs: Date.now() - startedAt, advanced, overdue, failed })
}

/** A failed job is logged and does not stop the others. */
async function runJob(ctx: Ctx, name: string, run: (ctx: Ctx) => Promise<unknown>): Promise<void> {
  try {
    await run(ctx)
  } catch (error) {
    ctx.log.error('sweep: a job failed', { chore: name, error })
  }
}
