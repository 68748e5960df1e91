// Checks a holder's receipt against a proof: two signed commitments, or a signed ticket missing in the log, are fraud.

import { type Findings, moment, sayTimeIsOpen, TIME_CHECK } from './checks.ts'
import { commit } from './commitment.ts'
import { equalBytes, fromHex, toHex } from './encoding.ts'
import type { Evidence } from './evidence.ts'
import { holderTag } from './holder-tag.ts'
import { indexOfTicket, tagAt } from './list.ts'
import { ISSUED, logRoot, type SaleLog, saleLeafHash } from './log.ts'
import { lotteryDrawOf, ticketLabel } from './lot1.ts'
import { verifyInclusion } from './merkle.ts'
import type { Receipt, ReceiptTicket } from './proof.ts'
import type { Rules } from './rules.ts'
import { receiptMessage, signedCommitMessage } from './signatures.ts'

export function checkReceipt(findings: Findings, evidence: Evidence, receipt: Receipt): void {
  const same = findings.judge('receipt raffle', 'The receipt is for this raffle.', [
    receipt.raffleId !== evidence.proof.raffleId && `The receipt is for another raffle, ${receipt.raffleId}.`,
    receipt.tickets.some(({ number, label }) => !isLabelOf(evidence.rules, number, label)) &&
      'The receipt does not show its numbers as this raffle does.',
  ])
  if (!same) {
    // Another raffle's commitment does not date this one.
    sayTimeIsOpen(findings)
    return
  }
  const roots = rootsOfReceipt(evidence.log, receipt)
  for (const ticket of receipt.tickets) {
    const genuine = checkTicketSignature(findings, evidence, receipt, ticket)
    checkTicketEntry(findings, evidence, receipt, ticket, genuine)
    checkInclusion(findings, evidence, receipt, ticket, roots)
  }
  if (receipt.commitment === null) sayTimeIsOpen(findings)
  else checkCommitment(findings, evidence, receipt.commitment)
}

const isLabelOf = ({ draw }: Rules, number: number, label: string | undefined): boolean =>
  label === undefined || label === ticketLabel(draw, number)

function checkTicketSignature(
  findings: Findings,
  evidence: Evidence,
  receipt: Receipt,
  ticket: ReceiptTicket,
): boolean {
  const named = `ticket ${ticketLabel(evidence.rules.draw, ticket.number)}`
  const name = `receipt of ${named}`
  if (receipt.salt === null) {
    findings.notChecked(name, 'The salt of this receipt was erased, so its signature cannot be checked.')
    return false
  }
  const message = receiptMessage({ ...receipt, ...ticket, salt: fromHex(receipt.salt) })
  return findings.signature(name, `the receipt of ${named}`, evidence, message, ticket.signature)
}

function checkTicketEntry(
  findings: Findings,
  evidence: Evidence,
  receipt: Receipt,
  ticket: ReceiptTicket,
  genuine: boolean,
): void {
  const { log, list, rules } = evidence
  // Only a receipt that the deployment signed proves fraud; anyone can forge another.
  const fraud = genuine ? 'Fraud: the' : 'The'
  const { number, logIndex } = ticket
  const named = `ticket ${ticketLabel(rules.draw, number)}`
  const name = `entry of ${named}`
  if (log === null) {
    findings.notChecked(name, 'Without a readable sale log, the entry was not checked.')
    return
  }
  const isInLog =
    logIndex < log.size &&
    log.kindAt(logIndex) === ISSUED &&
    log.numberAt(logIndex) === number &&
    log.unixMsAt(logIndex) === ticket.unixMs
  if (!isInLog) {
    findings.fails(name, `${fraud} sale log has no entry ${logIndex} that issues ${named}.`)
    return
  }
  if (receipt.salt === null) {
    findings.notChecked(name, `The log issues ${named}; without the salt, its holder cannot be checked.`)
    return
  }
  const tag = holderTag(receipt.raffleId, receipt.userId, fromHex(receipt.salt))
  if (!equalBytes(tag, log.tagAt(logIndex))) {
    findings.fails(name, `${fraud} sale log gives ${named} to another holder.`)
    return
  }
  // The number alone is not enough: after a void it may have been issued to another holder.
  const place = list === null ? -1 : indexOfTicket(list, number)
  const takesPart = list !== null && place >= 0 && equalBytes(tag, tagAt(list, place))
  findings.holds(
    name,
    takesPart
      ? `The sale log issues ${named} to this holder, and the ticket takes part in the draw.`
      : `The sale log issues ${named} to this holder; it was voided later and takes no part.`,
  )
}

function checkInclusion(
  findings: Findings,
  { log, rules }: Evidence,
  receipt: Receipt,
  ticket: ReceiptTicket,
  roots: ReadonlyMap<number, string>,
): void {
  const { number, logIndex, unixMs, inclusion } = ticket
  const named = `ticket ${ticketLabel(rules.draw, number)}`
  const name = `inclusion of ${named}`
  if (receipt.salt === null) {
    findings.notChecked(name, 'Without the salt, the entry of this ticket cannot be rebuilt.')
    return
  }
  if (log === null) {
    findings.notChecked(name, 'Without a readable sale log, the inclusion was not checked.')
    return
  }
  const tag = holderTag(receipt.raffleId, receipt.userId, fromHex(receipt.salt))
  const leaf = saleLeafHash(ISSUED, number, tag, unixMs)
  const path = inclusion.path.map((hash) => fromHex(hash))
  findings.judge(name, `The receipt's path leads to the root of the log's first ${inclusion.size} entries.`, [
    !verifyInclusion(leaf, logIndex, inclusion.size, path, fromHex(inclusion.root)) &&
      `The receipt's path does not lead from ${named} to its root.`,
    roots.get(inclusion.size) !== inclusion.root &&
      'The sale log does not continue the log at the time of the receipt.',
  ])
}

/** The log's root at each size that the receipt names; none for sizes above the log's own. */
function rootsOfReceipt(log: SaleLog | null, receipt: Receipt): Map<number, string> {
  const roots = new Map<number, string>()
  if (log === null) return roots
  for (const { inclusion } of receipt.tickets) {
    const { size } = inclusion
    if (size <= log.size && !roots.has(size)) roots.set(size, toHex(logRoot(log, size)))
  }
  return roots
}

function checkCommitment(
  findings: Findings,
  evidence: Evidence,
  held: NonNullable<Receipt['commitment']>,
): void {
  const { proof, rules, chainHash } = evidence
  const name = 'commitment received'
  const message = signedCommitMessage(fromHex(held.commitment))
  const signed = findings.signature(
    `${name}, signature`,
    "the holder's commitment",
    evidence,
    message,
    held.commitmentSignature,
  )
  const recomputed = commit({
    raffleId: proof.raffleId,
    rulesHash: fromHex(held.rulesHash),
    logRoot: fromHex(held.log.root),
    logSize: held.log.size,
    listHash: fromHex(held.listHash),
    ticketCount: held.ticketCount,
    closeReason: held.closeReason,
    effectiveDrawAt: held.effectiveDrawAt,
    committedAt: held.committedAt,
    chainHash: fromHex(chainHash),
    round: held.round,
  })
  const different = held.commitment !== proof.commitment
  const decided = lotteryDrawOf(rules) === null ? `round ${held.round} was due` : 'the official draw'
  findings.judge(name, 'The holder received the same commitment.', [
    different && signed && 'Fraud: the deployment signed two commitments of one raffle.',
    different && "The holder's commitment is not the one of the proof.",
    toHex(recomputed) !== held.commitment && "The holder's commitment is not the hash of its values.",
  ])
  findings.judge(
    TIME_CHECK,
    `The holder's copy is dated ${moment(held.committedAt)}, as the proof is. A holder who got it before ${decided} knows that nothing was chosen afterwards.`,
    [different && "The holder's copy has another commitment, so it does not date this one."],
  )
}
