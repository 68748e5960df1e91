/** An operator requests a redraw of prizes whose winners declined, did not claim in time, or were disqualified. */
import { and, eq, sql } from 'drizzle-orm'
import { requireUser } from '../accounts/permissions.ts'
import { type AuditEntry, insertAudit, isFirst } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { toInstant } from '../core/time.ts'
import { findRaffleFor } from '../raffles/find-raffle.ts'
import { type RaffleRow, raffles } from '../raffles/schema.ts'
import { chainByHash, timeOf } from '../rdp1/chains.ts'
import { askPool, orThrow } from '../tickets/client.ts'
import { readAttempts, readWinners } from './advance-raffle.ts'
import type { Redraw, RequestRedraw } from './contract.ts'
import { disqualifiedTickets } from './next-step.ts'
import { asDrawn, isPending, unitsToRedraw } from './winner-life.ts'

export async function requestRedraw(
  ctx: Ctx,
  raffleId: string,
  input: RequestRedraw,
  key: string,
): Promise<Redraw> {
  const { raffle, pool } = await findRaffleFor(ctx, raffleId, 'winners:manage')
  if (pool?.commitment == null || raffle.drawnAttempts === 0) {
    throw new Problem('invalid_state', 'This raffle is not drawn yet.')
  }
  const attempts = (await readAttempts(ctx, raffle.pool)).map(asDrawn)
  const winners = await readWinners(ctx, raffle.id)
  const request = {
    key: `${requireUser(ctx).userId}:${key}`,
    attempt: attempts.length,
    units: inOrder(input.units),
    reason: input.reason,
    disqualifiedTickets: disqualifiedTickets(winners),
  }
  // Check the units only for a first request: a repeat would fail on its own attempt.
  const made = await askPool(ctx, raffle.pool, (stub) => stub.redrawByKey(request.key))
  const isUsedUp = request.attempt > raffle.maxRedraws
  // The pool may have drawn the pending attempt already, but its winners are not announced yet.
  if (made === null && isPending(attempts)) {
    throw new Problem('invalid_state', 'A draw is pending; wait for its winners.')
  }
  if (made === null && !isUsedUp) {
    const open = unitsToRedraw(attempts, winners, raffle).map(({ unit }) => unit)
    const wrong = input.units.filter((unit) => !open.includes(unit))
    if (wrong.length > 0) {
      throw new Problem(
        'invalid_state',
        `The rules do not allow a redraw of these units: ${wrong.slice(0, 20).join(', ')}.`,
      )
    }
  }
  await ctx.db
    .update(raffles)
    .set({ dueAt: sql`min(coalesce(${raffles.dueAt}, ${ctx.now}), ${ctx.now})` })
    .where(and(eq(raffles.id, raffle.id)))
  const { attempt } = orThrow(await askPool(ctx, raffle.pool, (stub) => stub.redraw(request)))
  await recordRequest(ctx, raffle, attempt.attempt)
  return {
    attempt: attempt.attempt,
    units: attempt.units,
    reason: attempt.reason,
    round: attempt.round,
    drawAt: toInstant(timeOf(chainByHash(pool.commitment.chain)!, attempt.round) * 1_000),
  }
}

/**
 * Called after the pool accepted the redraw, so that a refusal leaves no row. If the process dies in between, a repeat
 * under the same key writes the row. Without a repeat, only the public record has the attempt and its reason.
 */
async function recordRequest(ctx: Ctx, { id, organisationId }: RaffleRow, attempt: number): Promise<void> {
  const entry: AuditEntry = {
    action: 'raffle.redraw_requested',
    subject: { kind: 'raffle', id },
    organisationId,
    fields: [`attempts.${attempt}`],
  }
  await withRetry(() => insertAudit(ctx, entry, isFirst(entry)))
}

/** Sorts by rank, then copy, as an attempt lists them: so the same units in another order are the same request. */
const inOrder = (units: readonly string[]): string[] => {
  const rankAndCopy = (unit: string) => unit.split('#').map(Number) as [number, number]
  return [...units].sort(
    (a, b) => rankAndCopy(a)[0] - rankAndCopy(b)[0] || rankAndCopy(a)[1] - rankAndCopy(b)[1],
  )
}
