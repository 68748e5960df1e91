/**
 * Advances one raffle as far as possible now: decides the next step, does it, and repeats. A step is an idempotent call
 * of the pool and guarded writes. So it may run late or twice, and may crash between any two of them.
 */
import { and, asc, eq, lte, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { applyTerms } from '../raffles/apply-terms.ts'
import { markCancelled } from '../raffles/cancel-raffle.ts'
import { type FoundRaffle, findRaffle } from '../raffles/find-raffle.ts'
import { releaseSurplus } from '../raffles/guarantee.ts'
import { returnSeatsSoon } from '../raffles/prize-seats.ts'
import { hasPrizesAside, isStillDecided, putUnwonBack, undoPublication } from '../raffles/prize-stock.ts'
import { type RaffleRow, raffles } from '../raffles/schema.ts'
import { chainByHash } from '../rdp1/chains.ts'
import { hasOpenMoney } from '../refunds/open-money.ts'
import { askPool, orThrow } from '../tickets/client.ts'
import type { AnyAttempt, Attempt, Commitment, PoolState } from '../tickets/pool-contract.ts'
import { attempts } from '../tickets/schema.ts'
import { asRaffleTerms } from '../tickets/terms.ts'
import { announceWinners } from './announce-winners.ts'
import { fetchBeacon } from './beacons.ts'
import { nextStep, type Step, type StepFacts } from './next-step.ts'
import {
  acceptResult,
  cancelAsKnown,
  cancelAsSkipped,
  drawByResult,
  readLotteryFacts,
  refuseResults,
} from './official-results.ts'
import { type WinnerStatus, winners } from './schema.ts'
import { insertSettlement, whyNotAccountable } from './settle-ledger.ts'
import { areWinnersFinal, asDrawn, presentWinners } from './winner-life.ts'

/** More steps than a raffle can need in one pass; reaching it means that a step does not take effect. */
const MAX_STEPS = 12

export interface Advanced {
  done: Step['kind'][]
  /** Why it could not advance although it is due; null if all is done for now. */
  overdue: string | null
}

export async function advanceRaffle(ctx: Ctx, raffleId: string): Promise<Advanced> {
  const done: Step['kind'][] = []
  for (let turn = 0; turn < MAX_STEPS; turn++) {
    const found = await findRaffle(ctx, raffleId)
    const step = nextStep(await readFacts(ctx, found), ctx.now)
    if (mayBeBehind(step)) {
      const caughtUp = await catchUpWithPool(ctx, found)
      if (caughtUp === 'not yet') return { done, overdue: 'the pool has changes that the database lacks' }
      if (caughtUp === 'now') continue
    }
    if (step.kind === 'wait') {
      await releaseSurplus(ctx, found.raffle)
      await scheduleSweepAt(ctx, found.raffle, step.until)
      return { done, overdue: null }
    }
    const whyStuck = await takeStep(ctx, found, step)
    if (whyStuck !== null) return { done, overdue: whyStuck }
    done.push(step.kind)
  }
  return { done, overdue: `not done after ${MAX_STEPS} steps` }
}

/** Whether another step could be due if D1 is behind the pool. */
const mayBeBehind = ({ kind }: Step): boolean => kind === 'wait' || kind === 'undoPublication'

/**
 * A raffle is also due after a call that was about to change its pool. That call, or the projection after it, may have
 * crashed, so D1 may lack the change. The pool refuses that call from now on; its `advance` projects what D1 lacks.
 * Until D1 has it, the raffle stays due.
 */
async function catchUpWithPool(
  ctx: Ctx,
  { raffle, pool }: FoundRaffle,
): Promise<'before' | 'now' | 'not yet'> {
  const isBeforeDraw = raffle.status === 'draft' || raffle.status === 'scheduled'
  if (!isBeforeDraw || !isDue(ctx, raffle)) return 'before'
  const state = await askPool(ctx, raffle.pool, (stub) => stub.advance())
  if (state === null || matchesState(pool, state)) return 'before'
  return (await isProjected(ctx, raffle, state)) ? 'now' : 'not yet'
}

const isDue = (ctx: Ctx, { dueAt }: RaffleRow): boolean => dueAt !== null && dueAt <= ctx.now

/** Whether the projected row matches the pool's state in everything that steps depend on. Its counts do not matter. */
const matchesState = (pool: FoundRaffle['pool'], state: PoolState): boolean =>
  pool !== null &&
  (pool.seq >= state.seq ||
    (pool.termsVersion === state.termsVersion &&
      pool.freezeAt === state.freezeAt &&
      (pool.commitment === null) === (state.commitment === null) &&
      (pool.cancellation === null) === (state.cancellation === null)))

async function isProjected(ctx: Ctx, { id }: RaffleRow, state: PoolState): Promise<boolean> {
  const { pool } = await findRaffle(ctx, id)
  return matchesState(pool, state)
}

/** Reads the facts that the next step depends on. */
async function readFacts(ctx: Ctx, { raffle, pool }: FoundRaffle): Promise<StepFacts> {
  const drawn = pool?.commitment == null ? [] : await readAttempts(ctx, raffle.pool)
  const won = drawn.length === 0 ? [] : await readWinners(ctx, raffle.id)
  return {
    stored: raffle.status,
    termsVersion: raffle.termsVersion,
    drawnAttempts: raffle.drawnAttempts,
    rules: raffle,
    pool:
      pool === null
        ? null
        : {
            termsVersion: pool.termsVersion,
            terms: asRaffleTerms(pool.terms),
            freezeAt: pool.freezeAt,
            committed: pool.commitment !== null,
            cancelled: pool.cancellation !== null,
            chain: pool.commitment?.chain ?? null,
          },
    hasPrizesAside: pool === null && (await hasPrizesAside(ctx, raffle)),
    attempts: drawn,
    lottery: await readLotteryFacts(ctx, raffle, won),
    winners: won,
    hasOpenMoney: areWinnersFinal(drawn.map(asDrawn), won, raffle) && (await hasOpenMoney(ctx, raffle.id)),
  }
}

export async function readAttempts(ctx: Ctx, pool: string): Promise<AnyAttempt[]> {
  const rows = await ctx.db
    .select({ record: attempts.record })
    .from(attempts)
    .where(eq(attempts.pool, pool))
    .orderBy(asc(attempts.attempt))
  return rows.map(({ record }) => record)
}

export const readWinners = (ctx: Ctx, raffleId: string) =>
  ctx.db
    .select()
    .from(winners)
    .where(eq(winners.raffleId, raffleId))
    .orderBy(asc(winners.attempt), asc(winners.unit))

/** Does a step; returns the reason if it must wait for something outside. */
async function takeStep(ctx: Ctx, { raffle, pool }: FoundRaffle, step: Exclude<Step, { kind: 'wait' }>) {
  switch (step.kind) {
    case 'applyTerms':
      await applyTerms(ctx, raffle.id, step.version, step.terms)
      return null
    case 'markCancelled':
      await markCancelled(ctx, raffle.id, pool!.cancellation!)
      return null
    case 'undoPublication':
      return undoPublication(ctx, raffle)
    case 'freeze': {
      const state = await askPool(ctx, raffle.pool, (stub) => stub.advance())
      if (state === null || (state.commitment === null && state.cancellation === null))
        return 'the pool has not frozen'
      // Without the projected commitment this pass cannot continue.
      return (await isProjected(ctx, raffle, state))
        ? null
        : 'the commitment is not projected to the database yet'
    }
    case 'draw':
      return drawAttempt(ctx, raffle, pool!.commitment!, step.attempt)
    case 'expireClaims':
      await ctx.db
        .update(winners)
        .set({ status: 'expired', updatedAt: ctx.now })
        .where(
          and(
            eq(winners.raffleId, raffle.id),
            eq(winners.status, 'announced'),
            lte(winners.claimBy, ctx.now),
          ),
        )
      return null
    case 'redraw': {
      const { attempt, units, reason, disqualifiedTickets } = step
      const key = `sweep:${attempt}`
      const outcome = await askPool(ctx, raffle.pool, (stub) =>
        stub.redraw({ key, attempt, units, reason, disqualifiedTickets }),
      )
      return outcome.ok ? null : outcome.detail
    }
    case 'cancelAsKnown':
      return cancelAsKnown(ctx, raffle, step.isPublished)
    case 'cancelAsSkipped':
      return cancelAsSkipped(ctx, raffle)
    case 'acceptResult':
      return acceptResult(ctx, raffle, step)
    case 'refuseResults':
      return refuseResults(ctx, raffle, step.count)
    case 'drawByResult':
      return drawByResult(ctx, raffle, pool!.commitment!, step)
    case 'settle':
      await settleRaffle(ctx, raffle, pool!.commitment!)
      return null
  }
}

async function drawAttempt(
  ctx: Ctx,
  raffle: RaffleRow,
  commitment: Commitment,
  attempt: Attempt,
): Promise<string | null> {
  const whyNot = attempt.attempt === 0 ? await whyNotAccountable(ctx, raffle, commitment.ticketCount) : null
  if (whyNot !== null) return whyNot
  const signature = await signatureOf(ctx, commitment.chain, attempt)
  if (!signature.ok) return `round ${attempt.round}: ${signature.why}`
  const outcome = await askPool(ctx, raffle.pool, (stub) => stub.draw(attempt.attempt, signature.signature))
  const drawn = orThrow(outcome)
  await announceWinners(ctx, raffle, commitment.ticketCount, attempt.attempt, drawn.winners)
  return null
}

/** If the pool has already drawn the attempt and only the announcement was lost, its stored signature is used again. */
async function signatureOf(ctx: Ctx, chainHash: string, attempt: Attempt) {
  if (attempt.signature !== null) return { ok: true as const, signature: attempt.signature }
  return fetchBeacon(ctx, chainByHash(chainHash)!, attempt.round)
}

/** The last step: unpaid prizes return to the organisation, undelivered products and admissions to its sale. */
async function settleRaffle(ctx: Ctx, raffle: RaffleRow, { ticketCount }: Commitment): Promise<void> {
  const drawn = (await readAttempts(ctx, raffle.pool)).map(asDrawn)
  const present = presentWinners(drawn, await readWinners(ctx, raffle.id))
  const unitsThatAre = (status: WinnerStatus) =>
    [...present].filter(([, winner]) => winner?.status === status).map(([unit]) => unit)
  const markSettled = ctx.db
    .update(raffles)
    .set({ status: 'settled', dueAt: null, updatedAt: ctx.now })
    .where(isStillDecided(raffle))
  const returnUnpaid = insertSettlement(ctx, raffle, ticketCount, unitsThatAre('paid'))
  const putBack = await putUnwonBack(ctx, raffle, new Set(unitsThatAre('delivered')))
  await withRetry(() =>
    ctx.db.batch([returnUnpaid, ...putBack, markSettled, returnSeatsSoon(ctx, raffle.id, 'settled')]),
  )
}

async function scheduleSweepAt(ctx: Ctx, raffle: RaffleRow, until: number | null): Promise<void> {
  if (raffle.dueAt === until) return
  // A `due_at` in the future may protect a call that is under way, and that neither D1 nor the pool shows yet.
  const isAhead = raffle.dueAt !== null && !isDue(ctx, raffle)
  if (isAhead && (until === null || until > raffle.dueAt!)) return
  await ctx.db
    .update(raffles)
    .set({ dueAt: until })
    // If a winner has claimed or declined since the read, that change has set `due_at`.
    .where(
      and(eq(raffles.id, raffle.id), eq(raffles.revision, raffle.revision), sql`due_at IS ${raffle.dueAt}`),
    )
}
