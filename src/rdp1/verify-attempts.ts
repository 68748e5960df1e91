// Checks the draw and every redraw of a proof: the request, its time, the exclusions, the beacon round and the winners.

import { attemptHash, exclusions, firstAttempt, randomnessOf, seedOf } from './attempt.ts'
import { verifyBeacon } from './beacon.ts'
import { redrawRound, timeOf } from './chains.ts'
import { type Findings, moment, plural } from './checks.ts'
import { fromHex, toHex } from './encoding.ts'
import type { BeaconEvidence } from './evidence.ts'
import { indexOfTicket, type TicketList, tagAt } from './list.ts'
import { pick } from './pick.ts'
import type { ProofAttempt } from './proof.ts'
import { prizeUnits } from './rules.ts'
import { signedAttemptMessage } from './signatures.ts'

type Drawn = ProofAttempt & {
  [K in 'signature' | 'randomness' | 'seed' | 'winners' | 'steps']: NonNullable<ProofAttempt[K]>
}

export function checkAttempts(findings: Findings, evidence: BeaconEvidence): void {
  const { attempts } = evidence.proof
  attempts.forEach((attempt, k) => {
    const name = k === 0 ? 'draw' : `redraw ${k}`
    const earlier = attempts.slice(0, k)
    if (k === 0) checkFirst(findings, evidence, name, attempt)
    else checkRedraw(findings, evidence, name, attempt, earlier)
    checkHash(findings, evidence, name, attempt, earlier)
    checkOutcome(findings, evidence, name, attempt, k === attempts.length - 1)
  })
}

/** The commitment fixes every value of attempt 0. */
function checkFirst(
  findings: Findings,
  { proof, rules }: BeaconEvidence,
  name: string,
  attempt: ProofAttempt,
): void {
  const expected = firstAttempt({
    commitment: fromHex(proof.commitment),
    committedAt: proof.committedAt,
    round: proof.round,
    prizes: rules.prizes,
  })
  findings.judge(
    name,
    `The draw is for all ${plural(expected.units.length, 'prize')}, at the committed round.`,
    [
      attempt.attempt !== 0 && `The first attempt is numbered ${attempt.attempt}, not 0.`,
      attempt.requestedAt !== expected.requestedAt &&
        'The draw was not requested at the time of the commitment.',
      attempt.reason !== '' && 'The draw has a reason, but only redraws have one.',
      attempt.round !== expected.round && `The draw is at round ${attempt.round}, not at ${expected.round}.`,
      attempt.units.join() !== expected.units.join() &&
        'The draw is not for all prizes of the rules, in order.',
      attempt.excludedTags.length + attempt.excludedTickets.length > 0 && 'The first draw excludes a holder.',
    ],
  )
}

function checkRedraw(
  findings: Findings,
  evidence: BeaconEvidence,
  name: string,
  attempt: ProofAttempt,
  earlier: readonly ProofAttempt[],
): void {
  const { rules, chain } = evidence
  const known = new Set(prizeUnits(rules.prizes))
  const round = redrawRound(chain, { requestedAt: attempt.requestedAt, leadSeconds: rules.leadSeconds })
  const previous = earlier.at(-1) as ProofAttempt
  // One attempt is pending at a time, so a redraw cannot be requested before the previous round is published.
  const earliest = timeOf(chain, previous.round) * 1000
  const requested = moment(attempt.requestedAt)
  findings.judge(
    name,
    `${plural(attempt.units.length, 'prize')} drawn again (${attempt.units.join(', ')}), requested at ${requested}: "${attempt.reason}".`,
    [
      attempt.attempt !== earlier.length && `Redraw ${earlier.length} is numbered ${attempt.attempt}.`,
      earlier.length > rules.maxRedraws && `The rules allow ${plural(rules.maxRedraws, 'redraw')}.`,
      attempt.units.length === 0 && 'The redraw names no prize.',
      new Set(attempt.units).size !== attempt.units.length && 'The redraw names a prize twice.',
      attempt.units.some((unit) => !known.has(unit)) &&
        'The redraw names a prize that the rules do not have.',
      attempt.requestedAt < earliest && 'The redraw was requested while the previous attempt was pending.',
      attempt.round !== round &&
        `By its time, the redraw belongs to round ${round}, not to ${attempt.round}.`,
      earlier.some((other) => other.round >= attempt.round) &&
        'The redraw does not use a later round than every earlier attempt.',
    ],
  )
  checkExclusions(findings, evidence, `${name} exclusions`, attempt, earlier)
}

function checkExclusions(
  findings: Findings,
  { rules, list }: BeaconEvidence,
  name: string,
  attempt: ProofAttempt,
  earlier: readonly ProofAttempt[],
): void {
  if (list === null) {
    findings.notChecked(name, 'Without a readable list, the exclusions were not checked.')
    return
  }
  const winners = earlier.flatMap((other) => other.winners ?? [])
  const strangers = winners.filter(({ ticket }) => indexOfTicket(list, ticket) < 0)
  if (strangers.length > 0) {
    findings.fails(name, 'An earlier winner is not on the list, so the exclusions cannot be right.')
    return
  }
  const tagged = winners.map(({ ticket }) => ({ ticket, tag: tagAt(list, indexOfTicket(list, ticket)) }))
  // Under perTicket the excluded tags are the disqualified holders, whom the server decides on; no rule derives them.
  const disqualified = rules.winPolicy === 'perTicket' ? attempt.excludedTags : []
  const before = earlier.at(-1)?.excludedTags ?? []
  try {
    const expected = exclusions(
      rules.winPolicy,
      tagged,
      disqualified.map((tag) => fromHex(tag)),
    )
    const says =
      rules.winPolicy === 'perHolder'
        ? 'All earlier winners are excluded, and no other holder.'
        : `All earlier winning tickets are excluded, and ${plural(disqualified.length, 'disqualified holder')}.`
    findings.judge(name, says, [
      attempt.excludedTags.join() !== expected.excludedTags.map(toHex).join() &&
        'The excluded holders are not those that the rules exclude, in ascending order.',
      attempt.excludedTickets.join() !== expected.excludedNumbers.join() &&
        'The excluded tickets are not those that the rules exclude, in ascending order.',
      before.some((tag) => !attempt.excludedTags.includes(tag)) &&
        'A holder who was excluded before may win again.',
    ])
  } catch {
    findings.fails(name, 'A holder who has never won is excluded.')
  }
}

function checkHash(
  findings: Findings,
  evidence: BeaconEvidence,
  name: string,
  attempt: ProofAttempt,
  earlier: readonly ProofAttempt[],
): void {
  const previous = earlier.at(-1)?.attemptHash ?? evidence.proof.commitment
  let hash: string
  try {
    hash = toHex(
      attemptHash({
        ...attempt,
        previous: fromHex(previous),
        excludedTags: attempt.excludedTags.map((tag) => fromHex(tag)),
        excludedNumbers: attempt.excludedTickets,
      }),
    )
  } catch (error) {
    findings.fails(`${name} hash`, `${capital(sentenceName(name))} has no hash: ${(error as Error).message}.`)
    return
  }
  const after = earlier.length === 0 ? 'the commitment' : 'the previous attempt'
  const what = sentenceName(name)
  findings.judge(`${name} hash`, `${capital(what)} is fixed by its hash and follows ${after}.`, [
    hash !== attempt.attemptHash &&
      `${capital(what)} hashes to ${hash}, not to the published ${attempt.attemptHash}.`,
  ])
  const message = signedAttemptMessage(fromHex(attempt.attemptHash))
  findings.signature(`${name} signature`, what, evidence, message, attempt.attemptSignature)
}

function checkOutcome(
  findings: Findings,
  evidence: BeaconEvidence,
  name: string,
  attempt: ProofAttempt,
  last: boolean,
): void {
  const { signature, randomness, seed, winners, steps } = attempt
  const missing = [signature, randomness, seed, winners, steps].filter((value) => value === null).length
  if (missing === 5 && last) {
    findings.holds(`${name} beacon`, whyNotDrawn(evidence, name, attempt))
  } else if (missing === 5) {
    findings.fails(
      `${name} beacon`,
      `${capital(sentenceName(name))} was never drawn, yet another attempt follows it.`,
    )
  } else if (missing > 0) {
    findings.fails(
      `${name} beacon`,
      `${capital(sentenceName(name))} is neither pending nor drawn: some of its values are missing.`,
    )
  } else {
    checkBeacon(findings, evidence, name, attempt as Drawn)
    checkWinners(findings, evidence, name, attempt as Drawn)
  }
}

function whyNotDrawn({ proof, chain }: BeaconEvidence, name: string, { round }: ProofAttempt): string {
  const what = capital(sentenceName(name))
  if (proof.cancellation !== null) return `${what} is not held: the raffle was cancelled.`
  return `${what} is pending: round ${round} is due at ${moment(timeOf(chain, round) * 1000)}.`
}

function checkBeacon(findings: Findings, { chain }: BeaconEvidence, name: string, attempt: Drawn): void {
  const signature = fromHex(attempt.signature)
  findings.judge(`${name} beacon`, `The beacon's signature of round ${attempt.round} is genuine.`, [
    !verifyBeacon(chain, attempt.round, signature) &&
      `This is not the signature of ${chain.name} for round ${attempt.round}.`,
    toHex(randomnessOf(signature)) !== attempt.randomness &&
      "The randomness is not the hash of the beacon's signature.",
  ])
}

/** Recomputes the seed from the signature, so that it trusts no published value in between. */
function checkWinners(
  findings: Findings,
  { rules, list }: BeaconEvidence,
  name: string,
  attempt: Drawn,
): void {
  const check = `${name} winners`
  const seed = seedOf(fromHex(attempt.attemptHash), randomnessOf(fromHex(attempt.signature)))
  if (list === null) {
    findings.notChecked(check, 'Without a readable list, the winners were not checked.')
    return
  }
  const { winners, steps } = pickAgain(list, seed, attempt, rules.winPolicy)
  const left = attempt.units.length - winners.length
  const without =
    left === 0 ? '' : `; ${plural(left, 'prize')} without a winner, as no eligible ticket was left`
  findings.judge(
    check,
    `Drawn again here, the winners are the same: ${plural(winners.length, 'winner')}${without}.`,
    [
      toHex(seed) !== attempt.seed && `The seed is ${toHex(seed)}, not the published ${attempt.seed}.`,
      JSON.stringify(winners) !==
        JSON.stringify(attempt.winners.map(({ unit, ticket, step }) => ({ unit, ticket, step }))) &&
        `Drawn again here, the winners are different: ${winners.map((w) => `${w.unit} → ${w.ticket}`).join(', ') || 'none'}.`,
      steps !== attempt.steps && `The draw took ${plural(steps, 'step')}, not ${attempt.steps}.`,
    ],
  )
}

function pickAgain(list: TicketList, seed: Uint8Array, attempt: Drawn, winPolicy: 'perTicket' | 'perHolder') {
  return pick(list, seed, attempt.units, {
    winPolicy,
    excludedTags: attempt.excludedTags.map((tag) => fromHex(tag)),
    excludedNumbers: attempt.excludedTickets,
  })
}

function sentenceName(name: string): string {
  return name === 'draw' ? 'the draw' : name
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
