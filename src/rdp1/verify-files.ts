// Checks the list and the sale log of a proof, and that the list follows from the log.

import * as z from 'zod'
import { type Findings, plural } from './checks.ts'
import { withoutTransport } from './csv.ts'
import { toHex } from './encoding.ts'
import type { ProofHead } from './evidence.ts'
import { listHash, parseListCsv, type TicketList } from './list.ts'
import { ISSUED, parseLogCsv, replayLog, type SaleLog } from './log.ts'
import type { Primitives } from './primitives.ts'
import type { Rules } from './rules.ts'

export function readLog(findings: Findings, csv: string): SaleLog | null {
  try {
    return parseLogCsv(withoutTransport(csv))
  } catch (error) {
    findings.fails('sale log', `The sale log cannot be read: ${reasonOf(error)}.`)
    return null
  }
}

export function checkLog(
  findings: Findings,
  proof: ProofHead,
  rules: Rules,
  log: SaleLog,
  root: string,
): void {
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

export function readList(
  findings: Findings,
  proof: ProofHead,
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

export function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    const issue = error.issues[0]
    return `${issue?.path.join('.') || 'text'}: ${issue?.message}`
  }
  return error instanceof Error ? error.message : String(error)
}
