/** Recomputes a draw from its record, compares each value with the published one, and the takings with the ledger. */
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
  const computed = await askPool(ctx, raffle.pool, (stub) => stub.recompute())
  const stored = await askPool(ctx, raffle.pool, (stub) => stub.state())
  if (computed === null || stored?.commitment == null || pool?.commitment == null) {
    throw new Problem('invalid_state', 'There is nothing to recalculate before the commitment.')
  }
  const published = await readAttempts(ctx, raffle.pool)
  const attempts = computed.attempts.map((attempt, index) => ({
    attempt: attempt.attempt,
    matches: canonical(attempt) === canonical(published[index]),
  }))
  const isWholeSame =
    computed.commitment === pool.commitment.commitment &&
    // The inputs of the commitment are published too, and people verify with them.
    canonical(stored.commitment) === canonical(pool.commitment) &&
    asRaffleTerms(stored.terms).rules === asRaffleTerms(pool.terms).rules &&
    attempts.length === published.length
  // The takings of a cancelled raffle shrink with each refund, so there is no fixed sum to compare.
  const takings =
    raffle.priceAmount === 0 || pool.cancellation !== null
      ? null
      : await checkTakings(ctx, raffle, stored.commitment.ticketCount)
  const matches =
    isWholeSame && attempts.every((attempt) => attempt.matches) && (takings === null || takings.matches)
  return { matches, attempts, takings }
}

async function checkTakings(ctx: Ctx, raffle: RaffleRow, sold: number) {
  const money = (amount: number) => ({ amount, currency: raffle.priceCurrency })
  const expected = raffle.priceAmount * sold
  const ledger = await takingsInLedger(ctx, raffle.id)
  return { expected: money(expected), ledger: money(ledger), matches: ledger === expected }
}

/** Sorts the keys, so that two records with the same values give the same text. */
const canonical = (record: object | undefined): string =>
  JSON.stringify(Object.entries(record ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
