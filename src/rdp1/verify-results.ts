// Checks what lot1 adds: the times, the ticket numbers, each result of the lottery, and the winners that follow from it.

import { type Findings, moment, plural } from './checks.ts'
import { fromHex, toHex } from './encoding.ts'
import type { LotteryEvidence } from './evidence.ts'
import { numbersOf, pickByResult, resultHash, ticketLabel } from './lot1.ts'
import type { ProofResult } from './proof.ts'
import { prizeUnits } from './rules.ts'
import { signedAttemptMessage } from './signatures.ts'

const DAY_MS = 86_400_000

/** An early close ends sales, but the official draw comes when it comes. */
export function checkLotteryTimes(findings: Findings, { proof, rules }: LotteryEvidence): void {
  const drawAt = Date.parse(rules.drawAt)
  const early = proof.closeReason === 'soldOut' ? 'as it was sold out' : 'by its operator'
  findings.judge('draw time', `The official draw was due at ${moment(drawAt)}, as the rules say.`, [
    proof.effectiveDrawAt * 1000 !== drawAt &&
      `The rules name the official draw at ${moment(drawAt)}, not at ${moment(proof.effectiveDrawAt * 1000)}.`,
    proof.closeReason !== 'scheduled' &&
      rules.earlyClose !== proof.closeReason &&
      `Sales closed early, ${early}. The rules do not allow that.`,
  ])
  const latest = drawAt - rules.leadSeconds * 1000
  findings.judge(
    'time before the draw',
    `The commitment is dated at least ${plural(rules.leadSeconds, 'second')} before the official draw.`,
    [
      proof.committedAt > latest &&
        `The commitment is dated ${moment(proof.committedAt)}; it had to be made by ${moment(latest)}.`,
    ],
  )
}

export function checkNumbers(findings: Findings, { log, draw }: LotteryEvidence): void {
  const name = 'ticket numbers'
  if (log === null) {
    findings.notChecked(name, 'Without a readable sale log, the numbers of the tickets were not checked.')
    return
  }
  const total = numbersOf(draw)
  const [lowest, highest] = [0, total - 1].map((number) => ticketLabel(draw, number))
  let wrong: number | null = null
  for (let i = 0; i < log.size && wrong === null; i++) {
    if (log.numberAt(i) >= total) wrong = log.numberAt(i)
  }
  findings.judge(name, `Every ticket has a number from ${lowest} to ${highest}.`, [
    wrong !== null && `Ticket ${wrong} was sold; the numbers run from ${lowest} to ${highest}.`,
  ])
}

export function checkResults(findings: Findings, evidence: LotteryEvidence): void {
  const { proof, rules, draw } = evidence
  if (proof.attempts.length === 0 && proof.cancellation === null) {
    findings.holds(
      'result',
      `The result of lottery ${draw.lotteryId} for ${draw.date} is not known yet; it is due after ${moment(Date.parse(rules.drawAt))}.`,
    )
  }
  let previous = proof.commitment
  proof.attempts.forEach((result, k) => {
    const name = k === 0 ? 'result' : `correction ${k}`
    checkResult(findings, evidence, name, result, k)
    checkHash(findings, evidence, name, result, previous)
    checkWinners(findings, evidence, name, result)
    previous = result.attemptHash
  })
}

function checkResult(
  findings: Findings,
  { draw }: LotteryEvidence,
  name: string,
  { attempt, numbers, source, reason }: ProofResult,
  k: number,
): void {
  const why = k === 0 ? '' : ` Why it was corrected: "${reason}".`
  findings.judge(
    name,
    `Lottery ${draw.lotteryId} drew ${numbers.join(', ')} on ${draw.date}, by ${source}.${why}`,
    [
      attempt !== k && `Result ${k} is numbered ${attempt}.`,
      k === 0 && reason !== '' && 'The first result has a reason, but only corrections have one.',
      numbers.some((number) => number.length < draw.digits) &&
        `An official number has fewer than ${plural(draw.digits, 'digit')}.`,
    ],
  )
}

function checkHash(
  findings: Findings,
  evidence: LotteryEvidence,
  name: string,
  result: ProofResult,
  previous: string,
): void {
  const computed = toHex(resultHash({ ...result, previous: fromHex(previous), draw: evidence.draw }))
  findings.judge(`${name} hash`, `The ${name} continues the chain of hashes from the commitment.`, [
    computed !== result.attemptHash &&
      `The ${name} hashes to ${computed}, not to the published ${result.attemptHash}.`,
  ])
  const message = signedAttemptMessage(fromHex(result.attemptHash))
  findings.signature(`${name} signature`, `the ${name}`, evidence, message, result.attemptSignature)
}

function checkWinners(
  findings: Findings,
  { rules, list, draw }: LotteryEvidence,
  name: string,
  result: ProofResult,
): void {
  const check = `${name} winners`
  if (list === null) {
    findings.notChecked(check, 'Without a readable list, the winners were not checked.')
    return
  }
  const winners = pickByResult(list, prizeUnits(rules.prizes), result.numbers, draw)
  const won = winners.filter(({ ticket }) => ticket !== null)
  const left = winners.length - won.length
  const without = left === 0 ? '' : `; ${plural(left, 'prize')} without a winner`
  const published = result.winners.map(({ unit, official, target, ticket }) => ({
    unit,
    official,
    target,
    ticket,
  }))
  findings.judge(
    check,
    `Worked out again here, the winners are the same: ${plural(won.length, 'winner')}${without}.`,
    [
      JSON.stringify(winners) !== JSON.stringify(published) &&
        `Worked out again here, the winners are different: ${won.map(({ unit, ticket }) => `${unit} → ${ticketLabel(draw, ticket as number)}`).join(', ') || 'none'}.`,
    ],
  )
}

/** Nobody may cancel once the result can be known, unless no result came in the days that winners have to claim. */
export function checkLotteryCancellation(findings: Findings, { proof, rules }: LotteryEvidence): void {
  const { cancellation } = proof
  if (cancellation === null) return
  const { at, reason } = cancellation
  const drawAt = Date.parse(rules.drawAt)
  const latest = drawAt - rules.leadSeconds * 1000
  const again = drawAt + (rules.claimDays ?? 0) * DAY_MS
  const when = at <= latest ? 'before the official draw' : `without a result since ${moment(drawAt)}`
  findings.judge('cancellation', `The raffle was cancelled at ${moment(at)}, ${when}: "${reason}".`, [
    at < proof.committedAt && 'The cancellation is dated before the commitment.',
    at > latest &&
      at < again &&
      `The cancellation came at ${moment(at)}; it was possible until ${moment(latest)}, and again from ${moment(again)} on.`,
    proof.attempts.length > 0 && 'The raffle was cancelled although it has a result.',
  ])
}
