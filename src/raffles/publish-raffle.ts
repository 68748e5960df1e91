/** Publishes a draft: its pool takes the terms first, D1 follows, so that nothing is ever sold under unknown terms. */
import type { Ctx } from '../core/context.ts'
import { type FieldError, notFound, Problem } from '../core/errors.ts'
import { MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { validationFailed } from '../core/validation.ts'
import { whyNotProvider } from '../money/providers/index.ts'
import { askPool, orThrow } from '../tickets/client.ts'
import { applyTerms } from './apply-terms.ts'
import type { Raffle } from './contract.ts'
import { findRaffleFor } from './find-raffle.ts'
import { statusAt } from './life-cycle.ts'
import { lookAgain } from './look-again.ts'
import { lifeFacts } from './present.ts'
import { setPrizesAside, wrongProducts } from './prize-stock.ts'
import { whyNotPublish } from './publishable.ts'
import { readRaffle } from './read-raffle.ts'
import type { RaffleRow } from './schema.ts'
import { paymentSpanSeconds, type RulesColumns, termsOf } from './terms.ts'

/** When the sweep looks, no pool takes the terms any more, even by a clock that is a little behind. */
const LEEWAY_MS = 5 * SECOND_MS

export async function publishRaffle(ctx: Ctx, id: string): Promise<Raffle> {
  const { raffle, pool } = await findRaffleFor(ctx, id, 'raffles:write')
  const status = statusAt(lifeFacts(raffle, pool), ctx.now)
  if (status !== 'draft') throw new Problem('invalid_state', `This raffle is ${status} already.`)
  await handOver(ctx, raffle)
  return readRaffle(ctx, id)
}

/** What stands in the way of publishing under these terms, here and now. */
export const whyNotPublishNow = (ctx: Ctx, raffle: RulesColumns & Pick<RaffleRow, 'earning'>): FieldError[] =>
  whyNotPublish(raffle, {
    now: ctx.now,
    leadSeconds: ctx.settings.DRAW_LEAD_SECONDS,
    paymentSpanSeconds: paymentSpanSeconds(raffle, ctx.settings.HOLD_SECONDS),
    whyNotProvider: (provider) => whyNotProvider(provider, ctx.settings),
  })

/** Checks a raffle's terms, gives them to its pool as the next version, and writes them down once it has them. */
export async function handOver(ctx: Ctx, raffle: RaffleRow): Promise<void> {
  const errors = [
    ...whyNotPublishNow(ctx, raffle),
    ...(raffle.status === 'draft' ? await wrongProducts(ctx, raffle.organisationId, raffle.prizes) : []),
  ]
  if (errors.length > 0) throw validationFailed(errors)
  const dueAt = Date.now() + MINUTE_MS
  await noteHandOver(ctx, raffle, dueAt)
  const terms = termsOf(raffle, ctx.settings)
  const outcome = await askPool(ctx, raffle.pool, (pool) =>
    pool.configure(raffle.id, raffle.termsVersion + 1, terms, dueAt - LEEWAY_MS),
  )
  const { version } = orThrow(outcome)
  await applyTerms(ctx, raffle.id, version, terms)
}

/** The sweep follows up whatever dies from here on; a draft, once this is noted, cannot be deleted any more. */
async function noteHandOver(ctx: Ctx, raffle: RaffleRow, dueAt: number): Promise<void> {
  if (raffle.status === 'draft') return setPrizesAside(ctx, raffle, dueAt)
  // Deleted meanwhile: its pool must not begin to sell.
  if (!(await lookAgain(ctx, raffle.id, dueAt))) throw notFound('raffle')
}
