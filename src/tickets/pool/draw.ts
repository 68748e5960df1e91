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
import { pick } from '../../rdp1/pick.ts'
import { prizeUnits, rulesHash } from '../../rdp1/rules.ts'
import {
  type SigningKey,
  signedAttemptMessage,
  signedCancelMessage,
  signedCommitMessage,
} from '../../rdp1/signatures.ts'
import type {
  Attempt,
  Cancellation,
  CancelledBy,
  Commitment,
  DrawnWinner,
  Outcome,
  RedrawRequest,
} from '../pool-contract.ts'
import type { Pool } from './pool.ts'
import type { Raffle } from './raffle.ts'
import { refuse, whyCancelRefused } from './refusals.ts'
import type { PoolStore } from './store.ts'
import { buildList, eachSale } from './ticket-list.ts'

/** Once the freeze is due: commits to the ticket list, or cancels a raffle that sold too few tickets. Idempotent. */
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
  const chain = chainOf(raffle)
  const list = buildList(store, totalTickets)
  const { size, root } = raffle.log
  const round = commitmentRound(chain, { effectiveDrawAt, committedAt: now, leadSeconds })
  const commitment: Omit<Commitment, 'commitment' | 'commitmentSignature'> = {
    rulesHash: toHex(rulesHash(raffle.rulesText)),
    log: { size, root: toHex(root) },
    listHash: toHex(listHash(list, nativeCrypto)),
    ticketCount: ticketCount(list),
    closeReason,
    effectiveDrawAt,
    committedAt: now,
    chain: chain.hash,
    round,
  }
  const hash = commitmentHash(pool.itemId, commitment)
  const first = firstAttempt({ commitment: hash, committedAt: now, round, prizes })
  pool.commit(
    {
      ...commitment,
      commitment: toHex(hash),
      commitmentSignature: toHex(key.sign(signedCommitMessage(hash))),
    },
    pendingAttempt(key, first),
  )
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
  const winners = nameWinners(pool, store, drawn)
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
  if (earlier !== null) return { ok: true, cancellation: earlier }
  if (commitment !== null) {
    const refusal = whyCancelRefused(commitment, pool.raffle!.rules.leadSeconds, input.by, input.now)
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

/** Computes the commitment and every attempt again from the rules, the log and the beacon's signatures. */
export function recompute(pool: Pool, list: TicketList): { commitment: string; attempts: Attempt[] } | null {
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

/** Finds the holders of the winning tickets in one pass over the log, as there is no index by number. */
function nameWinners(pool: Pool, store: PoolStore, drawn: Attempt): DrawnWinner[] {
  const wanted = new Set(drawn.winners!.map((winner) => winner.ticket))
  const holders = new Map<number, number>()
  eachSale(store, ({ numbers, reservation }, issued) => {
    if (issued) for (const number of numbers) if (wanted.has(number)) holders.set(number, reservation)
  })
  return drawn.winners!.map(({ unit, ticket }) => {
    const { reservation } = pool.fold(store.reservation(holders.get(ticket)!)!)
    return { unit, number: ticket, holder: reservation.holder, reservationId: reservation.id }
  })
}

function chainOf({ rules }: Raffle): Chain {
  const chain = rules.chain === null ? undefined : chainByHash(rules.chain)
  if (chain === undefined) throw new Error(`the rules of ${rules.id} name no known beacon chain`)
  return chain
}
