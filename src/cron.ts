/** What happens each minute, in order: every raffle that is due is taken as far as it can go; then the run is noted. */
import { purgeSessions } from './accounts/purge-sessions.ts'
import { type Bindings, type Ctx, createContext } from './core/context.ts'
import { newId } from './core/ids.ts'
import { Logger } from './core/logging.ts'
import { settingsOf } from './core/settings.ts'
import { advanceDueRaffles } from './draws/advance-due-raffles.ts'
import { noteSweep } from './insights/sweeps.ts'

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
  const { advanced, overdue, failed } = await advanceDueRaffles(ctx)
  await upkeep(ctx, 'purge sessions', purgeSessions)
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
