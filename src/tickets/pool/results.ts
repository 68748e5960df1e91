/** The results of the official lottery that decides a raffle, inside its pool (lot1): recorded once, in order, and recomputed. */
import { fromHex, toHex } from '../../rdp1/encoding.ts'
import type { TicketList } from '../../rdp1/list.ts'
import { type LotteryDraw, lotteryDrawOf, pickByResult, resultHash } from '../../rdp1/lot1.ts'
import { prizeUnits, type Rules } from '../../rdp1/rules.ts'
import { type SigningKey, signedAttemptMessage } from '../../rdp1/signatures.ts'
import type { DrawnWinner, Outcome, ResultAttempt, ResultRequest } from '../pool-contract.ts'
import { nameWinners } from './name-winners.ts'
import type { Pool } from './pool.ts'
import { refuse } from './refusals.ts'
import type { PoolStore } from './store.ts'

/**
 * Records the next result, and the winners that follow from it. Idempotent: a repeat returns the same winners. Whether a
 * correction still counts is for the caller to decide, who knows what was paid.
 */
export function recordResult(
  pool: Pool,
  store: PoolStore,
  list: TicketList,
  key: SigningKey,
  { now, ...request }: ResultRequest & { now: number },
): Outcome<{ winners: DrawnWinner[] }> {
  const { raffle, record } = pool
  const draw = raffle && lotteryDrawOf(raffle.rules)
  if (raffle === null || draw === null || record.commitment === null) {
    return refuse('invalid_state', 'No lottery decides this, or its tickets are not committed yet.')
  }
  const rows = record.attempts()
  const earlier = rows.map((row) => JSON.parse(row.record) as ResultAttempt)
  const known = earlier[request.attempt]
  if (known !== undefined) {
    // If the database was restored, people have recorded the same numbers again, perhaps in other words.
    if (known.numbers.join() !== request.numbers.join()) {
      return refuse('conflict', 'Another result was recorded in this place.')
    }
    return { ok: true, winners: JSON.parse(rows[request.attempt]!.winners!) as DrawnWinner[] }
  }
  if (record.cancellation !== null) return refuse('invalid_state', 'This raffle was cancelled.')
  if (request.attempt !== earlier.length) return refuse('conflict', 'An earlier result is missing.')
  // A result from before the draw would be one that somebody made up.
  if (now < record.commitment.effectiveDrawAt * 1_000) {
    return refuse('invalid_state', 'The official draw is not held yet.')
  }
  if (request.numbers.some((number) => !/^\d+$/.test(number) || number.length < draw.digits)) {
    return refuse('validation_failed', `Official numbers have at least ${draw.digits} digits.`)
  }
  const previous = earlier.at(-1)?.attemptHash ?? record.commitment.commitment
  const { hash, ...computed } = computeResult(raffle.rules, draw, list, fromHex(previous), request)
  const attemptSignature = toHex(key.sign(signedAttemptMessage(hash)))
  const won = computed.winners.flatMap(({ unit, ticket }) => (ticket === null ? [] : [{ unit, ticket }]))
  const winners = nameWinners(pool, store, won)
  pool.addResult({ ...computed, attemptSignature }, winners)
  return { ok: true, winners }
}

/** Computes every result again from its numbers. `commitment`: computed again too. */
export function recomputeResults(pool: Pool, list: TicketList, commitment: Uint8Array): ResultAttempt[] {
  const { rules } = pool.raffle!
  let previous = commitment
  return pool.record.attempts().map((row) => {
    const record = JSON.parse(row.record) as ResultAttempt
    const { hash, ...computed } = computeResult(rules, lotteryDrawOf(rules)!, list, previous, record)
    previous = hash
    return { ...computed, attemptSignature: record.attemptSignature }
  })
}

function computeResult(
  rules: Rules,
  draw: LotteryDraw,
  list: TicketList,
  previous: Uint8Array,
  { attempt, numbers, source, reason }: ResultRequest,
) {
  const hash = resultHash({ previous, attempt, draw, numbers, source, reason })
  const winners = pickByResult(list, prizeUnits(rules.prizes), numbers, draw)
  return { attempt, numbers, source, reason, attemptHash: toHex(hash), winners, hash }
}
