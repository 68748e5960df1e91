/** What happens each minute, in order: money that came, every raffle that is due, money that goes; then the run is noted. */
import { purgeMails } from './accounts/mail/purge-mails.ts'
import { sweepMails } from './accounts/mail/sweep-mails.ts'
import { purgeSessions } from './accounts/purge-sessions.ts'
import { sweepHolds } from './checkout/sweep-holds.ts'
import { sweepOrders } from './checkout/sweep-orders.ts'
import { type Bindings, type Ctx, createContext } from './core/context.ts'
import { newId } from './core/ids.ts'
import { Logger } from './core/logging.ts'
import { settingsOf } from './core/settings.ts'
import { advanceDueRaffles } from './draws/advance-due-raffles.ts'
import { sweepNotices } from './draws/notify-holders.ts'
import { remindWinners } from './draws/remind-winners.ts'
import { finishDueGrants, sweepGrants } from './grants/sweep-grants.ts'
import { noteSweep } from './insights/sweeps.ts'
import { sweepPayments } from './payments/sweep-payments.ts'
import { sweepPayouts } from './payouts/sweep-payouts.ts'
import { sweepSeries } from './raffles/series/sweep-series.ts'
import { sweepRefundRuns } from './refunds/refund-run.ts'
import { sweepRefunds } from './refunds/sweep-refunds.ts'
import { sweepCharges } from './sandbox/send-webhook.ts'
import { purgeWebhooks } from './webhooks/receive-webhook.ts'
import { sweepWebhooks } from './webhooks/sweep-webhooks.ts'

type Chore = [name: string, chore: (ctx: Ctx) => Promise<unknown>]

const BEFORE_RAFFLES: readonly Chore[] = [
  ['sandbox', sweepCharges],
  ['webhooks', sweepWebhooks],
  ['payments', sweepPayments],
  ['orders', sweepOrders],
  ['grants', sweepGrants],
]
const AFTER_RAFFLES: readonly Chore[] = [
  ['refund runs', sweepRefundRuns],
  // What these orders had earned, before its raffle freezes.
  ['grants asked back', finishDueGrants],
  ['refunds', sweepRefunds],
  ['holds', sweepHolds],
  ['payouts', sweepPayouts],
  ['notices', sweepNotices],
  ['reminders', remindWinners],
  ['mails', sweepMails],
  ['series', sweepSeries],
  ['purge sessions', purgeSessions],
  ['purge mails', purgeMails],
  ['purge webhooks', purgeWebhooks],
]

/** Runs one sweep. It may be late, doubled or killed at any point; the next one finishes what it left. */
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
  // Money that has arrived first: it may still make tickets before a raffle freezes.
  for (const [name, chore] of BEFORE_RAFFLES) await upkeep(ctx, name, chore)
  const { advanced, overdue, failed } = await advanceDueRaffles(ctx)
  for (const [name, chore] of AFTER_RAFFLES) await upkeep(ctx, name, chore)
  await noteSweep(ctx, { startedAt, finishedAt: Date.now(), overdue: overdue + failed })
  ctx.log.info('sweep', { scheduledAt, durationMs: Date.now() - startedAt, advanced, overdue, failed })
}

/** One chore's failure is logged and stops nothing else. */
async function upkeep(ctx: Ctx, name: string, chore: (ctx: Ctx) => Promise<unknown>): Promise<void> {
  try {
    await chore(ctx)
  } catch (error) {
    ctx.log.error('upkeep failed', { chore: name, error })
  }
}
