// Checks a published proof with nothing but its list, its log and the signing keys: pure and offline.

import type * as z from 'zod'
import { type Chain, chainByHash, commitmentRound, dev, timeOf } from './chains.ts'
import { type Check, Findings, moment, sayTimeIsOpen } from './checks.ts'
import { commit } from './commitment.ts'
import { fromHex, toHex } from './encoding.ts'
import type { BeaconEvidence, Evidence, LotteryEvidence, ProofHead } from './evidence.ts'
import { listHash } from './list.ts'
import { logRoot } from './log.ts'
import { brokenLotteryRules, type LotteryDraw, lotteryDrawOf, NO_CHAIN } from './lot1.ts'
import { type Primitives, scriptPrimitives } from './primitives.ts'
import {
  KeyFileSchema,
  type LotteryProof,
  LotteryProofSchema,
  type Proof,
  ProofSchema,
  ReceiptSchema,
} from './proof.ts'
import { parseRules, type Rules, rulesHash } from './rules.ts'
import { signedCancelMessage, signedCommitMessage } from './signatures.ts'
import { checkAttempts } from './verify-attempts.ts'
import { checkLog, readList, readLog, reasonOf } from './verify-files.ts'
import { checkReceipt } from './verify-receipt.ts'
import { checkLotteryCancellation, checkLotteryTimes, checkNumbers, checkResults } from './verify-results.ts'

/** The JSON documents are parsed but not validated: a stranger may have written them. */
export interface ProofInput {
  proof: unknown
  /** The files as they arrived: CRLF and a byte-order mark are ignored. */
  listCsv: string
  logCsv: string
  keys: unknown | null
  receipt: unknown | null
  /** Whether to accept the dev chain, whose secret is public. */
  allowDev: boolean
}

/**
 * Recomputes every value of the proof, or checks its signature, with a finding for each step. It also runs in a
 * browser; a server passes its platform's `primitives`, which give the same findings faster.
 */
export function verifyProof(input: ProofInput, primitives: Primitives = scriptPrimitives): Check[] {
  const findings = new Findings()
  const proof = isDrawnByLottery(input.proof)
    ? readDocument(findings, 'form', 'The proof', LotteryProofSchema, input.proof)
    : readDocument(findings, 'form', 'The proof', ProofSchema, input.proof)
  const keys =
    input.keys === null ? null : readDocument(findings, 'keys', 'The key file', KeyFileSchema, input.keys)
  const receipt =
    input.receipt === null
      ? null
      : readDocument(findings, 'receipt', 'The receipt', ReceiptSchema, input.receipt)
  const rules = proof && readRules(findings, proof)
  const method = proof && rules && readMethod(findings, proof, rules, input.allowDev)
  if (!proof || !rules || !method) {
    sayTimeIsOpen(findings)
    return findings.checks
  }
  const log = readLog(findings, input.logCsv)
  const root = log === null ? fromHex(proof.log.root) : logRoot(log)
  if (log !== null) checkLog(findings, proof, rules, log, toHex(root))
  const list = readList(findings, proof, log, input.listCsv, primitives)
  const chainHash = method.by === 'beacon' ? method.chain.hash : NO_CHAIN
  const shared = { rules, chainHash, keys, primitives, log, logRoot: root, list }
  if (method.by === 'beacon') {
    const evidence: BeaconEvidence = { ...shared, ...method }
    checkClosing(findings, evidence)
    checkRound(findings, evidence)
    checkCommitment(findings, evidence)
    checkAttempts(findings, evidence)
    checkBeaconCancellation(findings, evidence)
  } else {
    const evidence: LotteryEvidence = { ...shared, ...method }
    checkNumbers(findings, evidence)
    checkLotteryTimes(findings, evidence)
    checkCommitment(findings, evidence)
    checkResults(findings, evidence)
    checkLotteryCancellation(findings, evidence)
  }
  const evidence: Evidence = { ...shared, proof }
  checkCancellationSignature(findings, evidence)
  if (receipt === null) sayTimeIsOpen(findings)
  else checkReceipt(findings, evidence, receipt)
  return findings.checks
}

/** By its rules, which name the method; every other check comes later. */
function isDrawnByLottery(document: unknown): boolean {
  try {
    return JSON.parse((document as { rules: string }).rules).draw.method === 'lottery'
  } catch {
    return false
  }
}

function readDocument<T>(
  findings: Findings,
  name: string,
  what: string,
  schema: z.ZodType<T>,
  value: unknown,
): T | null {
  const parsed = schema.safeParse(value)
  if (parsed.success) {
    findings.holds(name, `${what} has the format of rdp1.`)
    return parsed.data
  }
  const issue = parsed.error.issues[0]
  const where = issue?.path.length ? ` at ${issue.path.join('.')}` : ''
  findings.fails(name, `${what} has the wrong format${where}: ${issue?.message}.`)
  return null
}

function readRules(findings: Findings, proof: ProofHead): Rules | null {
  let rules: Rules
  try {
    rules = parseRules(proof.rules)
  } catch (error) {
    findings.fails('rules', `The rules are not valid canonical rules: ${reasonOf(error)}.`)
    return null
  }
  const hash = toHex(rulesHash(proof.rules))
  findings.judge('rules', 'The rules are complete, canonical, and hash to the published hash.', [
    hash !== proof.rulesHash && `The rules hash to ${hash}, not to the published ${proof.rulesHash}.`,
    rules.id !== proof.raffleId && `The rules belong to ${rules.id}, not to ${proof.raffleId}.`,
    ...brokenLotteryRules(rules).map(
      ({ rule, must }) => `A lottery decides this raffle, so its rule ${rule} must ${must}.`,
    ),
  ])
  return rules
}

type Method =
  | { by: 'beacon'; proof: Proof; chain: Chain }
  | { by: 'lottery'; proof: LotteryProof; draw: LotteryDraw }

function readMethod(
  findings: Findings,
  proof: Proof | LotteryProof,
  rules: Rules,
  allowDev: boolean,
): Method | null {
  const draw = lotteryDrawOf(rules)
  // The form of the proof was chosen by the same rules.
  if (draw !== null) return { by: 'lottery', proof: proof as LotteryProof, draw }
  const chain = readChain(findings, proof as Proof, rules, allowDev)
  return chain && { by: 'beacon', proof: proof as Proof, chain }
}

function readChain(findings: Findings, proof: Proof, rules: Rules, allowDev: boolean): Chain | null {
  const chain = rules.chain === null ? undefined : chainByHash(rules.chain)
  if (chain === undefined) {
    findings.fails('chain', `The rules name the chain ${rules.chain}, which is not built into this verifier.`)
    return null
  }
  findings.judge(
    'chain',
    `The beacon is ${chain.name}, as the rules say; its key is built into this verifier.`,
    [
      proof.chain !== chain.hash && 'The proof and its rules name different chains.',
      chain === dev &&
        !allowDev &&
        'The beacon is the development chain, whose secret is public, so this proof proves nothing.',
    ],
  )
  return chain
}

function checkClosing(findings: Findings, { proof, rules }: BeaconEvidence): void {
  const drawAt = Date.parse(rules.drawAt) / 1000
  const promised = moment(drawAt * 1000)
  const effective = moment(proof.effectiveDrawAt * 1000)
  if (proof.closeReason === 'scheduled') {
    findings.judge('draw time', `The draw was due at ${promised}, as the rules promise.`, [
      proof.effectiveDrawAt !== drawAt && `The rules promise the draw at ${promised}, not at ${effective}.`,
    ])
    return
  }
  const early = proof.closeReason === 'soldOut' ? 'as it was sold out' : 'by its operator'
  const allowed = rules.earlyClose === proof.closeReason
  findings.judge(
    'draw time',
    `Sales closed early, ${early}. The rules allow it; the draw was due at ${effective}.`,
    [
      !allowed && `Sales closed early, ${early}. The rules do not allow that.`,
      proof.effectiveDrawAt > drawAt &&
        `An early close cannot move the draw from ${promised} to ${effective}.`,
    ],
  )
}

function checkRound(findings: Findings, { proof, rules, chain }: BeaconEvidence): void {
  const { effectiveDrawAt, committedAt } = proof
  const round = commitmentRound(chain, { effectiveDrawAt, committedAt, leadSeconds: rules.leadSeconds })
  const late = committedAt + rules.leadSeconds * 1000 > effectiveDrawAt * 1000
  const says = late
    ? `The commitment was late, so the round moved to ${round}, due at ${dueAt(chain, round)}.`
    : `Round ${round}, due at ${dueAt(chain, round)}, is the first one at or after the time of the draw.`
  findings.judge('round', says, [
    round !== proof.round && `By its times, the draw belongs to round ${round}, not to round ${proof.round}.`,
  ])
}

function checkCommitment(findings: Findings, evidence: Evidence): void {
  const { proof, rules, chainHash, primitives, log, logRoot, list } = evidence
  const commitment = commit({
    raffleId: rules.id,
    rulesHash: rulesHash(proof.rules),
    logRoot,
    logSize: log === null ? proof.log.size : log.size,
    listHash: list === null ? fromHex(proof.listHash) : listHash(list, primitives),
    ticketCount: list === null ? proof.ticketCount : list.numbers.length,
    closeReason: proof.closeReason,
    effectiveDrawAt: proof.effectiveDrawAt,
    committedAt: proof.committedAt,
    chainHash: fromHex(chainHash),
    round: proof.round,
  })
  const hash = toHex(commitment)
  findings.judge(
    'commitment',
    `The commitment, dated ${moment(proof.committedAt)}, fixes these rules, this log, this list and this ${lotteryDrawOf(rules) === null ? 'round' : 'lottery'}.`,
    [
      hash !== proof.commitment &&
        `The commitment hashes to ${hash}, not to the published ${proof.commitment}.`,
    ],
  )
  const message = signedCommitMessage(fromHex(proof.commitment))
  findings.signature('commitment signature', 'the commitment', evidence, message, proof.commitmentSignature)
}

function checkBeaconCancellation(findings: Findings, { proof, rules, chain }: BeaconEvidence): void {
  const { cancellation } = proof
  if (cancellation === null) return
  const { at, reason } = cancellation
  const latest = (timeOf(chain, proof.round) - rules.leadSeconds) * 1000
  findings.judge(
    'cancellation',
    `The raffle was cancelled at ${moment(at)}, before its round could be known: "${reason}".`,
    [
      at < proof.committedAt && 'The cancellation is dated before the commitment.',
      at > latest && `The cancellation came at ${moment(at)}; it was possible until ${moment(latest)}.`,
    ],
  )
}

function checkCancellationSignature(findings: Findings, evidence: Evidence): void {
  const { proof } = evidence
  if (proof.cancellation === null) return
  const { at, reason, signature } = proof.cancellation
  const message = signedCancelMessage(fromHex(proof.commitment), at, reason)
  findings.signature('cancellation signature', 'the cancellation', evidence, message, signature)
}

function dueAt(chain: Chain, round: number): string {
  return moment(timeOf(chain, round) * 1000)
}
