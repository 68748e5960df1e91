// Checks a published proof with nothing but its list, its log and the signing keys: pure and offline.

import * as z from 'zod'
import { type Chain, chainByHash, commitmentRound, dev, timeOf } from './chains.ts'
import { type Check, Findings, moment, plural, sayTimeIsOpen } from './checks.ts'
import { commit } from './commitment.ts'
import { withoutTransport } from './csv.ts'
import { fromHex, toHex } from './encoding.ts'
import type { Evidence } from './evidence.ts'
import { listHash, parseListCsv, type TicketList } from './list.ts'
import { ISSUED, logRoot, parseLogCsv, replayLog, type SaleLog } from './log.ts'
import { type Primitives, scriptPrimitives } from './primitives.ts'
import { KeyFileSchema, type Proof, ProofSchema, ReceiptSchema } from './proof.ts'
import { parseRules, type Rules, rulesHash } from './rules.ts'
import { signedCancelMessage, signedCommitMessage } from './signatures.ts'
import { checkAttempts } from './verify-attempts.ts'
import { checkReceipt } from './verify-receipt.ts'

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
  const proof = readDocument(findings, 'form', 'The proof', ProofSchema, input.proof)
  const keys =
    input.keys === null ? null : readDocument(findings, 'keys', 'The key file', KeyFileSchema, input.keys)
  const receipt =
    input.receipt === null
      ? null
      : readDocument(findings, 'receipt', 'The receipt', ReceiptSchema, input.receipt)
  const rules = proof && readRules(findings, proof)
  const chain = proof && rules && readChain(findings, proof, rules, input.allowDev)
  if (!proof || !rules || !chain) {
    sayTimeIsOpen(findings)
    return findings.checks
  }
  const log = readLog(findings, input.logCsv)
  const root = log === null ? fromHex(proof.log.root) : logRoot(log)
  if (log !== null) checkLog(findings, proof, rules, log, toHex(root))
  const list = readList(findings, proof, log, input.listCsv, primitives)
  const evidence: Evidence = { proof, rules, chain, keys, primitives, log, logRoot: root, list }
  checkClosing(findings, evidence)
  checkRound(findings, evidence)
  checkCommitment(findings, evidence)
  checkAttempts(findings, evidence)
  checkCancellation(findings, evidence)
  if (receipt === null) sayTimeIsOpen(findings)
  else checkReceipt(findings, evidence, receipt)
  return findings.checks
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

function readRules(findings: Findings, proof: Proof): Rules | null {
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
    rules.draw.method !== 'beacon' && 'By its rules, a lottery draws this raffle, not a beacon.',
  ])
  return rules
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

function readLog(findings: Findings, csv: string): SaleLog | null {
  try {
    return parseLogCsv(withoutTransport(csv))
  } catch (error) {
    findings.fails('sale log', `The sale log cannot be read: ${reasonOf(error)}.`)
    return null
  }
}

function checkLog(findings: Findings, proof: Proof, rules: Rules, log: SaleLog, root: string): void {
  findings.judge('sale log', `The sale log has ${entries(log.size)} and the published Merkle root.`, [
    log.size !== proof.log.size && `The sale log has ${entries(log.size)}, not ${proof.log.size}.`,
    root !== proof.log.root && `The sale log's Merkle root is ${root}, not the published ${proof.log.root}.`,
  ])
  const most = mostAtOnce(log)
  findings.judge(
    'number of tickets',
    `At no time were more than ${rules.totalTickets} tickets sold, as the rules say.`,
    [
      most > rules.totalTickets &&
        `${most} tickets were sold at once; the rules allow ${rules.totalTickets}.`,
      proof.closeReason === 'soldOut' &&
        most < rules.totalTickets &&
        `Sales closed as sold out, but at most ${most} of ${rules.totalTickets} tickets were sold at once.`,
    ],
  )
}

function readList(
  findings: Findings,
  proof: Proof,
  log: SaleLog | null,
  csv: string,
  primitives: Primitives,
): TicketList | null {
  let published: TicketList | null = null
  try {
    published = parseListCsv(withoutTransport(csv))
    const hash = toHex(listHash(published, primitives))
    const count = published.numbers.length
    findings.judge('list', `The list has ${plural(count, 'ticket')} and the published hash.`, [
      count !== proof.ticketCount && `The list has ${plural(count, 'ticket')}, not ${proof.ticketCount}.`,
      hash !== proof.listHash && `The list hashes to ${hash}, not to the published ${proof.listHash}.`,
    ])
  } catch (error) {
    findings.fails('list', `The list cannot be read: ${reasonOf(error)}.`)
  }
  if (log === null) {
    findings.notChecked('list from log', 'Without a readable sale log, the list cannot be derived from it.')
    return published
  }
  try {
    const derived = replayLog(log)
    findings.judge('list from log', 'The list follows exactly from the sale log.', [
      (published === null || !sameList(derived, published)) &&
        `The sale log gives ${plural(derived.numbers.length, 'ticket')}, and not this list.`,
    ])
    return derived
  } catch (error) {
    findings.fails('list from log', `The sale log contradicts itself: ${reasonOf(error)}.`)
    return published
  }
}

function checkClosing(findings: Findings, { proof, rules }: Evidence): void {
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

function checkRound(findings: Findings, { proof, rules, chain }: Evidence): void {
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
  const { proof, rules, chain, primitives, log, logRoot, list } = evidence
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
    chainHash: fromHex(chain.hash),
    round: proof.round,
  })
  const hash = toHex(commitment)
  findings.judge(
    'commitment',
    `The commitment, dated ${moment(proof.committedAt)}, fixes these rules, this log, this list and this round.`,
    [
      hash !== proof.commitment &&
        `The commitment hashes to ${hash}, not to the published ${proof.commitment}.`,
    ],
  )
  const message = signedCommitMessage(fromHex(proof.commitment))
  findings.signature('commitment signature', 'the commitment', evidence, message, proof.commitmentSignature)
}

function checkCancellation(findings: Findings, evidence: Evidence): void {
  const { proof, rules, chain } = evidence
  const { cancellation } = proof
  if (cancellation === null) return
  const { at, reason, signature } = cancellation
  const latest = (timeOf(chain, proof.round) - rules.leadSeconds) * 1000
  findings.judge(
    'cancellation',
    `The raffle was cancelled at ${moment(at)}, before its round could be known: "${reason}".`,
    [
      at < proof.committedAt && 'The cancellation is dated before the commitment.',
      at > latest && `The cancellation came at ${moment(at)}; it was possible until ${moment(latest)}.`,
    ],
  )
  const message = signedCancelMessage(fromHex(proof.commitment), at, reason)
  findings.signature('cancellation signature', 'the cancellation', evidence, message, signature)
}

/** The most tickets that were sold and not voided at any time. */
function mostAtOnce(log: SaleLog): number {
  let sold = 0
  let most = 0
  for (let i = 0; i < log.size; i++) {
    sold += log.kindAt(i) === ISSUED ? 1 : -1
    most = Math.max(most, sold)
  }
  return most
}

function sameList(a: TicketList, b: TicketList): boolean {
  if (a.numbers.length !== b.numbers.length) return false
  return (
    a.numbers.every((number, i) => number === b.numbers[i]) && a.tags.every((byte, i) => byte === b.tags[i])
  )
}

function entries(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`
}

function dueAt(chain: Chain, round: number): string {
  return moment(timeOf(chain, round) * 1000)
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    const issue = error.issues[0]
    return `${issue?.path.join('.') || 'text'}: ${issue?.message}`
  }
  return error instanceof Error ? error.message : String(error)
}
