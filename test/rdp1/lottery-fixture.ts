// A complete raffle that an official lottery decides, built from the pure functions.

import { nativeCrypto, signingKeyFromSeed } from '../../src/core/native-crypto.ts'
import { type CloseReason, commit } from '../../src/rdp1/commitment.ts'
import { fromHex, toHex } from '../../src/rdp1/encoding.ts'
import { holderTag } from '../../src/rdp1/holder-tag.ts'
import { listCsv, listHash, type TicketList } from '../../src/rdp1/list.ts'
import { ISSUED, logCsv, logRoot, replayLog, SaleLog, VOIDED } from '../../src/rdp1/log.ts'
import {
  lotteryDrawOf,
  NO_CHAIN,
  NO_ROUND,
  pickByResult,
  resultHash,
  ticketLabel,
} from '../../src/rdp1/lot1.ts'
import type { LotteryProof, ProofResult, Receipt } from '../../src/rdp1/proof.ts'
import { canonicalRules, parseRules, prizeUnits, type Rules, rulesHash } from '../../src/rdp1/rules.ts'
import {
  receiptMessage,
  signedAttemptMessage,
  signedCancelMessage,
  signedCommitMessage,
} from '../../src/rdp1/signatures.ts'
import { rulesOf, saltOf } from './proof-fixture.ts'

const KEY = signingKeyFromSeed('11'.repeat(32))
/** The official draw of the rules, in unix seconds. */
const DRAW_AT = 1_760_000_600
const SOLD_FROM = 1_760_000_000_000
export const DAY = 86_400

export interface LotteryScenario {
  rules?: Partial<Rules>
  draw?: Partial<NonNullable<ReturnType<typeof lotteryDrawOf>>>
  closeReason?: CloseReason
  effectiveDrawAt?: number
  committedAt?: number
  results?: { numbers: string[]; source?: string; reason?: string }[]
  cancelled?: { at: number; reason: string }
  /** Sold instead of the usual numbers. */
  sold?: number[]
}

export interface PublishedLottery {
  proof: LotteryProof
  listCsv: string
  logCsv: string
  log: SaleLog
  list: TicketList
}

export const lotteryRulesOf = ({ rules = {}, draw = {} }: LotteryScenario = {}): Rules =>
  rulesOf({
    totalTickets: 100,
    numbering: 'chosen',
    winPolicy: 'perTicket',
    onUnclaimed: 'keep',
    maxRedraws: 0,
    earlyClose: 'operator',
    chain: null,
    draw: {
      method: 'lottery',
      lotteryId: 'lottery_test',
      date: '2025-10-09',
      digits: 2,
      ifNobody: 'next',
      ...draw,
    },
    ...rules,
  })

/** One number is voided for good, and one is voided and sold again. */
function sell(raffleId: string, numbers: number[]): SaleLog {
  const log = new SaleLog(4)
  const tag = (holder: number) => holderTag(raffleId, `user_${holder}`, saltOf(`user_${holder}`))
  const at = () => SOLD_FROM + log.size * 1000
  numbers.forEach((number, i) => {
    log.append(ISSUED, number, tag(i % 4), at())
  })
  log.append(VOIDED, log.numberAt(2), log.tagAt(2), at())
  log.append(VOIDED, log.numberAt(3), log.tagAt(3), at())
  log.append(ISSUED, log.numberAt(3), tag(5), at())
  return log
}

export function publishLottery(scenario: LotteryScenario = {}): PublishedLottery {
  const text = canonicalRules(lotteryRulesOf(scenario))
  const rules = parseRules(text)
  const log = sell(rules.id, scenario.sold ?? [42, 0, 13, 7, 99, 98])
  const list = replayLog(log)
  const closeReason = scenario.closeReason ?? 'scheduled'
  const effectiveDrawAt = scenario.effectiveDrawAt ?? DRAW_AT
  const committedAt = scenario.committedAt ?? 1_760_000_300_123
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
    chainHash: fromHex(NO_CHAIN),
    round: NO_ROUND,
  })
  const { cancelled } = scenario
  const proof: LotteryProof = {
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
    chain: NO_CHAIN,
    round: NO_ROUND,
    commitment: toHex(commitment),
    commitmentSignature: toHex(KEY.sign(signedCommitMessage(commitment))),
    attempts: resultsOf(scenario, rules, list, commitment),
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

function resultsOf(
  { results = [] }: LotteryScenario,
  rules: Rules,
  list: TicketList,
  commitment: Uint8Array,
): ProofResult[] {
  const draw = lotteryDrawOf(rules)!
  let previous = commitment
  return results.map(({ numbers, source = 'https://results.example/9', reason = '' }, attempt) => {
    const hash = resultHash({ previous, attempt, draw, numbers, source, reason })
    previous = hash
    return {
      attempt,
      numbers,
      source,
      reason,
      attemptHash: toHex(hash),
      attemptSignature: toHex(KEY.sign(signedAttemptMessage(hash))),
      winners: pickByResult(list, prizeUnits(rules.prizes), numbers, draw),
    }
  })
}

/** The receipt of the first ticket of user_0, completed at the freeze. */
export function lotteryReceiptOf({ proof, log }: PublishedLottery): Receipt {
  const userId = 'user_0'
  const salt = saltOf(userId)
  const [number, unixMs] = [log.numberAt(0), log.unixMsAt(0)]
  const { raffleId } = proof
  return {
    raffleId,
    userId,
    salt: toHex(salt),
    reservationId: 'reservation_1',
    tickets: [
      {
        number,
        label: ticketLabel(lotteryRulesOf().draw, number),
        logIndex: 0,
        unixMs,
        signature: toHex(KEY.sign(receiptMessage({ raffleId, userId, salt, number, logIndex: 0, unixMs }))),
        inclusion: { size: 1, root: toHex(logRoot(log, 1)), path: [] },
      },
    ],
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
