// A complete raffle on the dev chain, built from the pure functions: sales, commitment, draw, redraws and receipts.

import { nativeCrypto, signingKeyFromSeed } from '../../src/core/native-crypto.ts'
import {
  type AttemptInput,
  attemptHash,
  exclusions,
  firstAttempt,
  randomnessOf,
  seedOf,
} from '../../src/rdp1/attempt.ts'
import { signDevRound } from '../../src/rdp1/beacon.ts'
import { commitmentRound, dev, redrawRound, timeOf } from '../../src/rdp1/chains.ts'
import { type CloseReason, commit } from '../../src/rdp1/commitment.ts'
import { fromHex, toHex } from '../../src/rdp1/encoding.ts'
import { holderTag } from '../../src/rdp1/holder-tag.ts'
import { indexOfTicket, listCsv, listHash, type TicketList, tagAt } from '../../src/rdp1/list.ts'
import { ISSUED, logCsv, logRoot, replayLog, SaleLog, VOIDED } from '../../src/rdp1/log.ts'
import { inclusionPath } from '../../src/rdp1/merkle.ts'
import { pick } from '../../src/rdp1/pick.ts'
import type { KeyFile, Proof, ProofAttempt, Receipt } from '../../src/rdp1/proof.ts'
import { canonicalRules, parseRules, type Rules, rulesHash } from '../../src/rdp1/rules.ts'
import {
  receiptMessage,
  signedAttemptMessage,
  signedCancelMessage,
  signedCommitMessage,
} from '../../src/rdp1/signatures.ts'

const KEY = signingKeyFromSeed('11'.repeat(32))
const DRAW_AT = 1_760_000_600
const COMMITTED_AT = 1_760_000_300_123
const HOLDERS = 8
const SOLD_FROM = 1_760_000_000_000

export const keys: KeyFile = {
  keys: [
    { id: 'retired', algorithm: 'Ed25519', publicKey: signingKeyFromSeed('22'.repeat(32)).publicKey },
    { id: 'main', algorithm: 'Ed25519', publicKey: KEY.publicKey },
  ],
}

export interface Scenario {
  rules?: Partial<Rules>
  closeReason?: CloseReason
  effectiveDrawAt?: number
  committedAt?: number
  /** `disqualify`: under perTicket, the winner of the first unit is disqualified. */
  redraws?: { units: string[]; reason: string; disqualify?: boolean }[]
  /** Whether the last attempt's round is not published yet. */
  pending?: boolean
  cancelled?: { at: number; reason: string }
}

export interface Published {
  proof: Proof
  listCsv: string
  logCsv: string
  log: SaleLog
  list: TicketList
}

export function rulesOf(overrides: Partial<Rules> = {}): Rules {
  return {
    protocol: 'rdp1',
    id: 'raffle_test',
    organisationId: 'org_test',
    title: 'Rifa del año',
    ticketPrice: { amount: 1500, currency: 'KES' },
    totalTickets: 100,
    maxPerUser: null,
    numbering: 'random',
    opensAt: new Date(SOLD_FROM).toISOString(),
    closesAt: '2025-10-09T08:58:00.000Z',
    drawAt: new Date(DRAW_AT * 1000).toISOString(),
    prizes: [
      { title: 'A bicycle', quantity: 1, kind: 'item', value: { amount: 90_000, currency: 'KES' } },
      { title: 'A share', quantity: 2, kind: 'share', value: { shareBps: 500 } },
    ],
    winPolicy: 'perHolder',
    minTickets: 0,
    rakeBps: 250,
    guaranteed: false,
    entry: 'purchase',
    draw: { method: 'beacon' },
    claimDays: 14,
    onUnclaimed: 'redraw',
    maxRedraws: 3,
    earlyClose: 'operator',
    leadSeconds: 60,
    chain: dev.hash,
    ...overrides,
  }
}

export function saltOf(user: string): Uint8Array {
  return new Uint8Array(16).fill(user.charCodeAt(user.length - 1))
}

/** Sells twenty numbers in mixed order. One is voided and sold again, and one is voided for ever. */
export function sell(raffleId: string): SaleLog {
  const log = new SaleLog(4)
  const tag = (holder: number) => holderTag(raffleId, `user_${holder}`, saltOf(`user_${holder}`))
  const at = () => SOLD_FROM + log.size * 1000
  for (let i = 0; i < 20; i++) log.append(ISSUED, ((i * 7) % 20) + 1, tag(i % HOLDERS), at())
  log.append(VOIDED, log.numberAt(3), log.tagAt(3), at())
  log.append(ISSUED, log.numberAt(3), tag(5), at())
  log.append(VOIDED, log.numberAt(6), log.tagAt(6), at())
  return log
}

export function publish(scenario: Scenario = {}): Published {
  const text = canonicalRules(rulesOf(scenario.rules))
  const rules = parseRules(text)
  const log = sell(rules.id)
  const list = replayLog(log)
  const closeReason = scenario.closeReason ?? 'scheduled'
  const effectiveDrawAt = scenario.effectiveDrawAt ?? DRAW_AT
  const committedAt = scenario.committedAt ?? COMMITTED_AT
  const round = commitmentRound(dev, { effectiveDrawAt, committedAt, leadSeconds: rules.leadSeconds })
  const commitment = commit({
    raffleId: rules.id,
    rulesHash: rulesHash(text),
    logRoot: logRoot(log),
    logSize: log.size,
    listHash: listHash(list, nativeCrypto),
    ticketCount: list.numbers.length,
    closeReason,
    effectiveDrawAt,
    committedAt,
    chainHash: fromHex(dev.hash),
    round,
  })
  const { cancelled } = scenario
  const proof: Proof = {
    protocol: 'rdp1',
    raffleId: rules.id,
    rules: text,
    rulesHash: toHex(rulesHash(text)),
    log: { size: log.size, root: toHex(logRoot(log)) },
    listHash: toHex(listHash(list, nativeCrypto)),
    ticketCount: list.numbers.length,
    closeReason,
    effectiveDrawAt,
    committedAt,
    chain: dev.hash,
    round,
    commitment: toHex(commitment),
    commitmentSignature: toHex(KEY.sign(signedCommitMessage(commitment))),
    attempts: attemptsOf(scenario, rules, list, { commitment, committedAt, round }),
    cancellation:
      cancelled === undefined
        ? null
        : {
            ...cancelled,
            signature: toHex(KEY.sign(signedCancelMessage(commitment, cancelled.at, cancelled.reason))),
          },
  }
  return { proof, listCsv: listCsv(list), logCsv: logCsv(log), log, list }
}

function attemptsOf(
  scenario: Scenario,
  rules: Rules,
  list: TicketList,
  start: { commitment: Uint8Array; committedAt: number; round: number },
): ProofAttempt[] {
  const redraws = scenario.redraws ?? []
  const attempts: ProofAttempt[] = []
  const winners: { unit: string; ticket: number; tag: Uint8Array }[] = []
  const disqualified: Uint8Array[] = []
  let input: AttemptInput = firstAttempt({ ...start, prizes: rules.prizes })
  for (let k = 0; ; k++) {
    const drawn = drawOf(input, list, rules)
    const hidden = { signature: null, randomness: null, seed: null, winners: null, steps: null }
    const isLast = k === redraws.length
    attempts.push(isLast && scenario.pending ? { ...drawn, ...hidden } : drawn)
    if (isLast) return attempts
    for (const winner of drawn.winners ?? []) {
      winners.push({ ...winner, tag: tagAt(list, indexOfTicket(list, winner.ticket)) })
    }
    const redraw = redraws[k] as NonNullable<Scenario['redraws']>[number]
    const loser = winners.findLast(({ unit }) => unit === redraw.units[0])
    if (redraw.disqualify && loser !== undefined) disqualified.push(loser.tag)
    const requestedAt = timeOf(dev, input.round) * 1000 + 86_400_001
    input = {
      previous: attemptHash(input),
      attempt: k + 1,
      requestedAt,
      reason: redraw.reason,
      units: redraw.units,
      round: redrawRound(dev, { requestedAt, leadSeconds: rules.leadSeconds }),
      ...exclusions(rules.winPolicy, winners, disqualified),
    }
  }
}

function drawOf(input: AttemptInput, list: TicketList, rules: Rules): ProofAttempt {
  const hash = attemptHash(input)
  const signature = signDevRound(input.round)
  const seed = seedOf(hash, randomnessOf(signature))
  const { winners, steps } = pick(list, seed, input.units, { ...input, winPolicy: rules.winPolicy })
  return {
    attempt: input.attempt,
    requestedAt: input.requestedAt,
    reason: input.reason,
    round: input.round,
    units: [...input.units],
    excludedTags: input.excludedTags.map(toHex),
    excludedTickets: [...input.excludedNumbers],
    attemptHash: toHex(hash),
    attemptSignature: toHex(KEY.sign(signedAttemptMessage(hash))),
    signature: toHex(signature),
    randomness: toHex(randomnessOf(signature)),
    seed: toHex(seed),
    winners,
    steps,
  }
}

/** The receipt of the first two tickets of user_1: issued when the log had ten entries, and completed at the freeze. */
export function receiptOf({ proof, log }: Published): Receipt {
  const userId = 'user_1'
  const salt = saltOf(userId)
  const tree = { size: 10, chunkRoots: [], leavesOf: () => leaves.slice(0, 10) }
  const leaves = Array.from({ length: log.size }, (_, i) => log.leafHashAt(i))
  const { raffleId } = proof
  const tickets = [1, 9].map((logIndex) => {
    const [number, unixMs] = [log.numberAt(logIndex), log.unixMsAt(logIndex)]
    return {
      number,
      logIndex,
      unixMs,
      signature: toHex(KEY.sign(receiptMessage({ raffleId, userId, salt, number, logIndex, unixMs }))),
      inclusion: {
        size: tree.size,
        root: toHex(logRoot(log, tree.size)),
        path: inclusionPath(tree, logIndex).map(toHex),
      },
    }
  })
  return {
    raffleId,
    userId,
    salt: toHex(salt),
    reservationId: 'reservation_1',
    tickets,
    commitment: {
      commitment: proof.commitment,
      commitmentSignature: proof.commitmentSignature,
      committedAt: proof.committedAt,
      round: proof.round,
      effectiveDrawAt: proof.effectiveDrawAt,
      closeReason: proof.closeReason,
      rulesHash: proof.rulesHash,
      listHash: proof.listHash,
      ticketCount: proof.ticketCount,
      log: proof.log,
    },
  }
}
