/** Recomputes a draw from its record and compares it with what is published, value by value; its takings with the ledger. */
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { findRaffleFor } from '../raffles/find-raffle.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import { askPool } from '../tickets/client.ts'
import { asRaffleTerms } from '../tickets/terms.ts'
import { readAttempts } from './advance-raffle.ts'
import type { Recalculation } from './contract.ts'
import { takingsInLedger } from './settle-ledger.ts'

export async function recalculate(ctx: Ctx, raffleId: string): Promise<Recalculation> {
  const { raffle, pool } = await findRaffleFor(ctx, raffleId, 'raffles:write')
  const computed = await askPool(ctx, raffle.pool, (door) => door.recompute())
  const kept = await askPool(ctx, raffle.pool, (door) => door.state())
  if (computed === null || kept?.commitment == null || pool?.commitment == null) {
    throw new Problem('invalid_state', 'There is nothing to recalculate before the commitment.')
  }
  const published = await readAttempts(ctx, raffle.pool)
  const attempts = computed.attempts.map((attempt, index) => ({
    attempt: attempt.attempt,
    matches: canonical(attempt) === canonical(published[index]),
  }))
  const whole =
    computed.commitment === pool.commitment.commitment &&
    // What the commitment was made of is published too, and read by those who check it.
    canonical(kept.commitment) === canonical(pool.commitment) &&
    asRaffleTerms(kept.terms).rules === asRaffleTerms(pool.terms).rules &&
    attempts.length === published.length
  // Of a cancelled raffle they go back, a refund at a time.
  const takings =
    raffle.priceAmount === 0 || pool.cancellation !== null
      ? null
      : await checkTakings(ctx, raffle, kept.commitment.ticketCount)
  const matches =
    whole && attempts.every((attempt) => attempt.matches) && (takings === null || takings.matches)
  return { matches, attempts, takings }
}

async function checkTakings(ctx: Ctx, raffle: RaffleRow, sold: number) {
  const money = (amount: number) => ({ amount, currency: raffle.priceCurrency })
  const expected = raffle.priceAmount * sold
  const ledger = await takingsInLedger(ctx, raffle.id)
  return { expected: money(expected), ledger: money(ledger), matches: ledger === expected }
}

/** Keys in one order, so that two records of the same values read the same. */
const canonical = (record: object | undefined): string =>
  JSON.stringify(Object.entries(record ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
