/** The draw inside the pool (rdp1 steps 4 to 11): freeze, commit, pick, redraw, recompute. */
import { nativeCrypto } from '../../core/native-crypto.ts'
import {
  exclusions,
  firstAttempt,
  attemptHash as hashOfAttempt,
  randomnessOf,
  seedOf,
} from '../../rdp1/attempt.ts'
import type { verifyBeacon } from '../../rdp1/beacon.ts'
import { type Chain, chainByHash, commitmentRound, redrawRound, timeOf } from '../../rdp1/chains.ts'
import { commit } from '../../rdp1/commitment.ts'
import { fromHex, toHex } from '../../rdp1/encoding.ts'
import { indexOfTicket, listHash, type TicketList, tagAt, ticketCount } from '../../rdp1/list.ts'
import { lotteryDrawOf, NO_CHAIN, NO_ROUND } from '../../rdp1/lot1.ts'
import { pick } from '../../rdp1/pick.ts'
import { prizeUnits, rulesHash } from '../../rdp1/rules.ts'
import {
  type SigningKey,
  signedAttemptMessage,
  signedCancelMessage,
  signedCommitMessage,
} from '../../rdp1/signatures.ts'
import {
  type AnyAttempt,
  type Attempt,
  type Cancellation,
  type CancelledBy,
  type Commitment,
  type DrawnWinner,
  isResult,
  type Outcome,
  type RedrawRequest,
} from '../pool-contract.ts'
import { nameWinners } from './name-winners.ts'
import type { Pool } from './pool.ts'
import type { Raffle } from './raffle.ts'
import { refuse, whyCancelRefused } from './refusals.ts'
import { recomputeResults } from './results.ts'
import type { PoolStore } from './store.ts'
import { buildList } from './ticket-list.ts'

/**
 * Once the freeze is due: commits to the ticket list. Or cancels a raffle that sold too few tickets, or that is too late for
 * the official draw that was to decide it. Idempotent.
 */
export function freeze(pool: Pool, store: PoolStore, key: SigningKey, now: number): void {
  const { raffle } = pool
  if (raffle === null || pool.isOver || now < raffle.clock.freezeAt) return
  const { minTickets, totalTickets, leadSeconds, prizes } = raffle.rules
  if (pool.sold < minTickets) {
    const reason = `Only ${pool.sold} of at least ${minTickets} tickets were sold.`
    pool.cancel({ at: now, by: 'belowMinimum', reason, signature: null })
    return
  }
  const { effectiveDrawAt, closeReason } = raffle.clock
  const isLottery = lotteryDrawOf(raffle.rules) !== null
  if (isLottery && now > raffle.lastFreezeAt) {
    const reason = 'The list of tickets was not fixed in time before the official draw.'
    pool.cancel({ at: now, by: 'late', reason, signature: null })
    return
  }
  const list = buildList(store, totalTickets)
  const { size, root } = raffle.log
  const { chain, round } = isLottery
    ? { chain: NO_CHAIN, round: NO_ROUND }
    : roundOf(raffle, { effectiveDrawAt, committedAt: now, leadSeconds })
  const commitment: Omit<Commitment, 'commitment' | 'commitmentSignature'> = {
    rulesHash: toHex(rulesHash(raffle.rulesText)),
    log: { size, root: toHex(root) },
    listHash: toHex(listHash(list, nativeCrypto)),
    ticketCount: ticketCount(list),
    closeReason,
    effectiveDrawAt,
    committedAt: now,
    chain,
    round,
  }
  const hash = commitmentHash(pool.itemId, commitment)
  pool.commit(
    {
      ...commitment,
      commitment: toHex(hash),
      commitmentSignature: toHex(key.sign(signedCommitMessage(hash))),
    },
    isLottery
      ? null
      : pendingAttempt(key, firstAttempt({ commitment: hash, committedAt: now, round, prizes })),
  )
}

function roundOf(raffle: Raffle, times: Parameters<typeof commitmentRound>[1]) {
  const chain = chainOf(raffle)
  return { chain: chain.hash, round: commitmentRound(chain, times) }
}

export interface Drawn {
  attempt: Attempt
  winners: DrawnWinner[]
}

/** Picks an attempt's winners from the signature of its round. Idempotent: a repeat returns the same winners. */
export function drawAttempt(
  pool: Pool,
  store: PoolStore,
  list: TicketList,
  input: { attempt: number; signature: string; now: number; verifyBeacon: typeof verifyBeacon },
): Outcome<Drawn> {
  const { raffle } = pool
  const row = pool.record.attempts().find((each) => each.attempt === input.attempt)
  if (raffle === null || row === undefined) return refuse('not_found', 'No such attempt.')
  if (pool.record.cancellation !== null) return refuse('invalid_state', 'This raffle was cancelled.')
  const record = JSON.parse(row.record) as Attempt
  if (row.winners !== null)
    return { ok: true, attempt: record, winners: JSON.parse(row.winners) as DrawnWinner[] }
  const chain = chainOf(raffle)
  if (input.now < timeOf(chain, record.round) * 1_000) {
    return refuse('invalid_state', `Round ${record.round} of the beacon is not due yet.`)
  }
  const signature = fromHex(input.signature)
  // The caller verifies it too. But a draw is final, so a mistake of the caller must not decide a winner.
  if (!input.verifyBeacon(chain, record.round, signature))
    return refuse('invalid_state', 'This is not the signature of the round.')
  const drawn = computeAttempt(raffle, list, { ...record, signature: input.signature })
  const winners = nameWinners(pool, store, drawn.winners!)
  pool.writeWinners(drawn, winners)
  return { ok: true, attempt: drawn, winners }
}

/** Appends the next attempt, for prizes that were declined, not claimed in time, or lost by disqualification. */
export function requestRedraw(
  pool: Pool,
  list: TicketList,
  key: SigningKey,
  request: RedrawRequest,
  now: number,
): Outcome<{ attempt: Attempt }> {
  const { raffle, record } = pool
  const rows = record.attempts()
  const earlier = rows.map((row) => JSON.parse(row.record) as Attempt)
  const known = earlier[rows.findIndex((row) => row.key === request.key)]
  if (known !== undefined) {
    const same = known.reason === request.reason && known.units.join() === request.units.join()
    if (same) return { ok: true, attempt: known }
    return refuse('idempotency_mismatch', 'This Idempotency-Key was used for another redraw of this raffle.')
  }
  const last = earlier.at(-1)
  if (raffle === null || last === undefined) return refuse('invalid_state', 'Nothing has been drawn yet.')
  if (request.attempt !== earlier.length) {
    return refuse('conflict', 'Another redraw was requested a moment ago. Read the winners again.')
  }
  if (record.cancellation !== null) return refuse('invalid_state', 'This raffle was cancelled.')
  if (last.winners === null) return refuse('invalid_state', 'A draw is pending; wait for its winners.')
  const { maxRedraws, prizes, winPolicy, leadSeconds } = raffle.rules
  if (request.attempt > maxRedraws) {
    return refuse('limit_reached', `The rules allow at most ${maxRedraws} redraws.`)
  }
  const all = prizeUnits(prizes)
  const units = all.filter((unit) => request.units.includes(unit))
  if (units.length === 0 || units.length !== request.units.length) {
    return refuse('validation_failed', 'Send prize units of this raffle, each once: "<rank>#<copy>".')
  }
  const won = earlier.flatMap((attempt) => attempt.winners ?? [])
  const tagOf = (ticket: number) => tagAt(list, indexOfTicket(list, ticket)).slice()
  const { excludedTags, excludedNumbers } = exclusions(
    winPolicy,
    won.map(({ ticket }) => ({ ticket, tag: tagOf(ticket) })),
    request.disqualifiedTickets.map(tagOf),
  )
  const attempt = pendingAttempt(key, {
    previous: fromHex(last.attemptHash),
    attempt: request.attempt,
    requestedAt: now,
    reason: request.reason,
    excludedTags,
    excludedNumbers,
    units,
    round: redrawRound(chainOf(raffle), { requestedAt: now, leadSeconds }),
  })
  pool.addRedraw(attempt, request.key)
  return { ok: true, attempt }
}

/**
 * Cancels the pool's item. After the commitment only an admin may do so, until shortly before the beacon round. That
 * cancellation is signed.
 */
export function cancelPool(
  pool: Pool,
  key: SigningKey,
  input: { by: CancelledBy; reason: string; now: number },
): Outcome<{ cancellation: Cancellation }> {
  const { commitment, cancellation: earlier } = pool.record
  const hasResult =
    commitment !== null && pool.record.attempts().some(({ record }) => isResult(JSON.parse(record)))
  if (earlier !== null) return { ok: true, cancellation: earlier }
  if (commitment !== null) {
    const refusal = whyCancelRefused({ commitment, hasResult }, pool.raffle!.rules, input.by, input.now)
    if (refusal !== null) return refusal
  }
  const signature =
    commitment === null
      ? null
      : toHex(key.sign(signedCancelMessage(fromHex(commitment.commitment), input.now, input.reason)))
  const cancellation: Cancellation = { at: input.now, by: input.by, reason: input.reason, signature }
  pool.cancel(cancellation)
  return { ok: true, cancellation }
}

/** Computes the commitment and every attempt again from the rules, the log, and what the beacon or the lottery published. */
export function recompute(
  pool: Pool,
  list: TicketList,
): { commitment: string; attempts: AnyAttempt[] } | null {
  const { raffle, record: drawn } = pool
  const { commitment } = drawn
  if (raffle === null || commitment === null) return null
  const hash = commitmentHash(pool.itemId, {
    ...commitment,
    rulesHash: toHex(rulesHash(raffle.rulesText)),
    log: { size: raffle.log.size, root: toHex(raffle.log.root) },
    listHash: toHex(listHash(list, nativeCrypto)),
    ticketCount: ticketCount(list),
  })
  if (lotteryDrawOf(raffle.rules) !== null) {
    return { commitment: toHex(hash), attempts: recomputeResults(pool, list, hash) }
  }
  let previous = hash
  const attempts = drawn.attempts().map((row) => {
    const record = JSON.parse(row.record) as Attempt
    const attemptHash = hashOfAttempt({
      ...record,
      previous,
      excludedTags: record.excludedTags.map((tag) => fromHex(tag)),
      excludedNumbers: record.excludedTickets,
    })
    previous = attemptHash
    const recomputed = { ...record, attemptHash: toHex(attemptHash) }
    return record.signature === null ? recomputed : computeAttempt(raffle, list, recomputed)
  })
  return { commitment: toHex(hash), attempts }
}

const commitmentHash = (
  raffleId: string,
  input: Omit<Commitment, 'commitment' | 'commitmentSignature'>,
): Uint8Array =>
  commit({
    raffleId,
    rulesHash: fromHex(input.rulesHash),
    logRoot: fromHex(input.log.root),
    logSize: input.log.size,
    listHash: fromHex(input.listHash),
    ticketCount: input.ticketCount,
    closeReason: input.closeReason,
    effectiveDrawAt: input.effectiveDrawAt,
    committedAt: input.committedAt,
    chainHash: fromHex(input.chain),
    round: input.round,
  })

function pendingAttempt(key: SigningKey, input: Parameters<typeof hashOfAttempt>[0]): Attempt {
  const hash = hashOfAttempt(input)
  return {
    attempt: input.attempt,
    requestedAt: input.requestedAt,
    reason: input.reason,
    round: input.round,
    units: [...input.units],
    excludedTags: input.excludedTags.map(toHex),
    excludedTickets: [...input.excludedNumbers],
    attemptHash: toHex(hash),
    attemptSignature: toHex(key.sign(signedAttemptMessage(hash))),
    signature: null,
    randomness: null,
    seed: null,
    winners: null,
    steps: null,
  }
}

/** The attempt with the seed and the winners that its beacon signature gives. */
function computeAttempt(raffle: Raffle, list: TicketList, record: Attempt): Attempt {
  const randomness = randomnessOf(fromHex(record.signature!))
  const seed = seedOf(fromHex(record.attemptHash), randomness)
  const { winners, steps } = pick(list, seed, record.units, {
    winPolicy: raffle.rules.winPolicy,
    excludedTags: record.excludedTags.map((tag) => fromHex(tag)),
    excludedNumbers: record.excludedTickets,
  })
  return { ...record, randomness: toHex(randomness), seed: toHex(seed), winners, steps }
}

function chainOf({ rules }: Raffle): Chain {
  const chain = rules.chain === null ? undefined : chainByHash(rules.chain)
  if (chain === undefined) throw new Error(`the rules of ${rules.id} name no known beacon chain`)
  return chain
}
