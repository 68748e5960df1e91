// lot1: the published vectors byte for byte, the pick against a plain reading of its rules, and every changed value of a proof.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nativeCrypto } from '../../src/core/native-crypto.ts'
import { type Check, isProven, TIME_CHECK } from '../../src/rdp1/checks.ts'
import { type CloseReason, commit } from '../../src/rdp1/commitment.ts'
import { fromHex, toHex } from '../../src/rdp1/encoding.ts'
import { holderTag } from '../../src/rdp1/holder-tag.ts'
import { listHash, type TicketList } from '../../src/rdp1/list.ts'
import { type EntryKind, logRoot, replayLog, SaleLog } from '../../src/rdp1/log.ts'
import {
  brokenLotteryRules,
  lotteryDrawOf,
  NO_CHAIN,
  NO_ROUND,
  pickByResult,
  resultHash,
  ticketLabel,
} from '../../src/rdp1/lot1.ts'
import { unitResults } from '../../src/rdp1/proof.ts'
import { canonicalRules, parseRules, prizeUnits, rulesHash } from '../../src/rdp1/rules.ts'
import { type ProofInput, verifyProof } from '../../src/rdp1/verify-proof.ts'
import { changed, otherValues, places, valueAt } from './alterations.ts'
import vectors from './lot1-vectors.json' with { type: 'json' }
import {
  DAY,
  type LotteryScenario,
  lotteryReceiptOf,
  lotteryRulesOf,
  type PublishedLottery,
  publishLottery,
} from './lottery-fixture.ts'
import { keys, publish } from './proof-fixture.ts'

describe.each(vectors.raffles)('lot1 vector: $name', ({ input, output }) => {
  const rules = parseRules(input.rules)
  const draw = lotteryDrawOf(rules)!
  const log = new SaleLog(0)
  for (const { type, number, user, ms } of input.log) {
    const salt = fromHex((input.salts as Record<string, string>)[user]!)
    log.append(type as EntryKind, number, holderTag(input.raffleId, user, salt), ms)
  }
  const list = replayLog(log)

  it('has rules that lot1 allows, in canonical form', () => {
    expect(canonicalRules(rules)).toBe(input.rules)
    expect(toHex(rulesHash(input.rules))).toBe(output.rulesHash)
    expect(brokenLotteryRules(rules)).toEqual([])
  })

  it('commits to its list without a beacon', () => {
    expect(toHex(logRoot(log))).toBe(output.logRoot)
    expect(toHex(listHash(list, nativeCrypto))).toBe(output.listHash)
    expect(list.numbers.length).toBe(output.ticketCount)
    const commitment = commit({
      raffleId: input.raffleId,
      rulesHash: rulesHash(input.rules),
      logRoot: logRoot(log),
      logSize: log.size,
      listHash: listHash(list, nativeCrypto),
      ticketCount: list.numbers.length,
      closeReason: input.closeReason as CloseReason,
      effectiveDrawAt: input.effectiveDrawAt,
      committedAt: input.committedAt,
      chainHash: fromHex(NO_CHAIN),
      round: NO_ROUND,
    })
    expect(toHex(commitment)).toBe(output.commitment)
  })

  it('chains its results and gives each unit to the same ticket', () => {
    let previous = fromHex(output.commitment)
    const results: { numbers: string[]; source: string; reason?: string }[] = input.results
    const attempts = results.map(({ numbers, source, reason = '' }, attempt) => {
      previous = resultHash({ previous, attempt, draw, numbers, source, reason })
      return {
        attempt,
        numbers,
        source,
        reason,
        attemptHash: toHex(previous),
        winners: pickByResult(list, prizeUnits(rules.prizes), numbers, draw),
      }
    })
    expect(attempts).toEqual(output.attempts)
  })
})

const listOf = (numbers: number[]): TicketList => ({
  numbers: Uint32Array.from([...numbers].sort((a, b) => a - b)),
  tags: new Uint8Array(numbers.length * 32),
})

/** The pick as rdp1.md words it, without any shortcut. */
function plainPick(numbers: number[], targets: number[], ifNobody: 'none' | 'next'): (number | null)[] {
  const ascending = [...numbers].sort((a, b) => a - b)
  const won = new Set<number>()
  return targets.map((target) => {
    const isFree = (number: number) => ascending.includes(number) && !won.has(number)
    const others = [...ascending.filter((n) => n > target), ...ascending.filter((n) => n <= target)]
    const ticket = isFree(target) ? target : ifNobody === 'next' ? others.find(isFree) : undefined
    if (ticket !== undefined) won.add(ticket)
    return ticket ?? null
  })
}

describe('the pick', () => {
  it('agrees with the plain reading of the rules, for any list, numbers and rule for nobody', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(99), { maxLength: 40 }),
        fc.array(fc.nat(9_999), { maxLength: 40 }),
        fc.constantFrom('none' as const, 'next' as const),
        (numbers, drawn, ifNobody) => {
          const official = drawn.map((number) => String(number).padStart(4, '0'))
          const units = drawn.map((_, i) => `1#${i + 1}`)
          const picked = pickByResult(listOf(numbers), units, official, { digits: 2, ifNobody })
          const targets = drawn.map((number) => number % 100)
          expect(picked.map(({ target }) => target)).toEqual(targets)
          expect(picked.map(({ ticket }) => ticket)).toEqual(plainPick(numbers, targets, ifNobody))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('gives a unit beyond the official numbers to nobody', () => {
    const draw = { digits: 1, ifNobody: 'next' as const }
    expect(pickByResult(listOf([1, 2]), ['1#1', '1#2'], ['01'], draw)[1]).toEqual({
      unit: '1#2',
      official: null,
      target: null,
      ticket: null,
    })
  })

  it('passes a hundred thousand winners side by side in a moment', () => {
    const numbers = Array.from({ length: 100_000 }, (_, i) => i)
    const units = numbers.map((i) => `1#${i + 1}`)
    const official = units.map(() => '00000')
    const started = performance.now()
    const picked = pickByResult(listOf(numbers), units, official, { digits: 5, ifNobody: 'next' })
    expect(picked.at(-1)?.ticket).toBe(99_999)
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})

it('shows numbers with the leading zeros of the lottery, and others as they are', () => {
  const { draw } = lotteryRulesOf({ draw: { digits: 4 } })
  expect([0, 7, 9_999].map((number) => ticketLabel(draw, number))).toEqual(['0000', '0007', '9999'])
  expect(ticketLabel({ method: 'beacon' }, 7)).toBe('7')
})

const FIRST = { numbers: ['0842', '1300', '7001'] }
const CORRECTED: LotteryScenario = {
  results: [FIRST, { numbers: ['0843', '1300', '7001'], reason: 'The first number was misread.' }],
}
const DRAW_AT_MS = 1_760_000_600_000
const CANCELLED: LotteryScenario = { cancelled: { at: 1_760_000_400_000, reason: 'The hall burnt.' } }
const NO_RESULT: LotteryScenario = {
  cancelled: { at: DRAW_AT_MS + 14 * DAY * 1000, reason: 'The lottery published nothing.' },
}

function input(published: PublishedLottery, changes: Partial<ProofInput> = {}): ProofInput {
  const { proof, listCsv, logCsv } = published
  return { proof, listCsv, logCsv, keys, receipt: null, allowDev: false, ...changes }
}

const verified = (published: PublishedLottery, changes?: Partial<ProofInput>) =>
  verifyProof(input(published, changes), nativeCrypto)
const notHolding = (checks: Check[]) => checks.filter(({ result }) => result !== 'holds')
const failing = (checks: Check[]) => checks.filter(({ result }) => result === 'fails')

describe('a genuine proof', () => {
  it.each<[string, LotteryScenario]>([
    ['without a result yet', {}],
    ['with its result', { results: [FIRST] }],
    ['with nobody for some prizes', { results: [FIRST], draw: { ifNobody: 'none' } }],
    ['with a correction', CORRECTED],
    ['with fewer numbers than prizes', { results: [{ numbers: ['42'] }] }],
    ['closed early by the operator', { closeReason: 'operator', results: [FIRST] }],
    ['cancelled in time', CANCELLED],
    ['cancelled as no result came', NO_RESULT],
  ])('%s holds, except that its time stays open', (_, scenario) => {
    const checks = verified(publishLottery(scenario))
    expect(notHolding(checks).map(({ name, result }) => [name, result])).toEqual([[TIME_CHECK, 'notChecked']])
    expect(isProven(checks)).toBe(true)
  })

  it('is dated by a receipt that its holder kept', () => {
    const published = publishLottery(CORRECTED)
    const checks = verified(published, { receipt: lotteryReceiptOf(published) })
    expect(notHolding(checks)).toEqual([])
    expect(checks.find(({ name }) => name === TIME_CHECK)?.says).toContain('before the official draw')
  })

  it('names the tickets of a receipt with their zeros, as it names those of winners', () => {
    const published = publishLottery({ ...CORRECTED, sold: [7, 42, 0, 13, 99, 98] })
    const receipt = lotteryReceiptOf(published)
    const { label } = receipt.tickets[0]!
    expect(label).toBe('07')
    const checks = verified(published, { receipt })
    const names = checks.map(({ name }) => name)
    expect(names).toEqual(
      expect.arrayContaining(['receipt', 'entry', 'inclusion'].map((what) => `${what} of ticket ${label}`)),
    )
    const entry = checks.find((check) => check.name === `entry of ticket ${label}`)
    expect(entry?.says).toContain(`issues ticket ${label} to this holder`)
  })

  it('refuses a receipt that shows a number in another form', () => {
    const published = publishLottery(CORRECTED)
    const receipt = changed(lotteryReceiptOf(published), ['tickets', 0, 'label'], '042')
    expect(failing(verified(published, { receipt })).map(({ name }) => name)).toEqual(['receipt raffle'])
  })

  it('gets the same findings in script and by the platform', () => {
    const published = publishLottery(CORRECTED)
    expect(verifyProof(input(published))).toEqual(verified(published))
  })

  it('takes the winners from the last correction', () => {
    const { proof } = publishLottery(CORRECTED)
    expect(unitResults(proof)).toEqual([
      { unit: '1#1', attempt: 1, ticket: 98 },
      { unit: '2#1', attempt: 1, ticket: 0 },
      { unit: '2#2', attempt: 1, ticket: 7 },
    ])
  })
})

describe('a changed proof', () => {
  it.each<[string, LotteryScenario]>([
    ['without a result yet', {}],
    ['with its result, and nobody for some prizes', { results: [FIRST], draw: { ifNobody: 'none' } }],
    ['with a correction', CORRECTED],
    ['cancelled', CANCELLED],
  ])(
    '%s is caught, whichever single value changed',
    (_, scenario) => {
      const published = publishLottery(scenario)
      const { proof } = published
      let tried = 0
      for (const path of places(proof)) {
        for (const value of otherValues(valueAt(proof, path))) {
          // An earlier state of the same proof is genuine too: without its last result, or without its cancellation.
          const isEarlierState =
            (path.join() === 'attempts' &&
              Array.isArray(value) &&
              value.length === proof.attempts.length - 1 &&
              value.every((each, k) => each === proof.attempts[k])) ||
            (path.join() === 'cancellation' && value === null)
          if (isEarlierState) continue
          const checks = verified(published, { proof: changed(proof, path, value) })
          if (failing(checks).length === 0) {
            expect.fail(`${path.join('.')} = ${JSON.stringify(value)} went unnoticed`)
          }
          tried++
        }
      }
      expect(tried).toBeGreaterThan(80)
    },
    60_000,
  )

  it('is caught if a beacon’s proof is passed off as a lottery’s, and the other way round', () => {
    const lottery = publishLottery({ results: [FIRST] })
    const beacon = publish()
    const mixed = { ...lottery.proof, rules: beacon.proof.rules }
    expect(failing(verified(lottery, { proof: mixed, allowDev: true }))).not.toEqual([])
    const other = { ...beacon.proof, rules: lottery.proof.rules, rulesHash: lottery.proof.rulesHash }
    expect(failing(verified(lottery, { proof: other }))).not.toEqual([])
  })
})

describe('a server that signs what the rules forbid', () => {
  it.each<[string, LotteryScenario, string]>([
    [
      'a commitment too close to the official draw',
      { committedAt: DRAW_AT_MS - 59_999 },
      'time before the draw',
    ],
    ['another time of the draw', { effectiveDrawAt: 1_760_000_599 }, 'draw time'],
    ['an early close', { rules: { earlyClose: 'no' }, closeReason: 'operator' }, 'draw time'],
    ['a number that is too high', { sold: [42, 0, 13, 7, 100] }, 'ticket numbers'],
    ['a first result with a reason', { results: [{ ...FIRST, reason: 'x' }] }, 'result'],
    ['an official number that is too short', { results: [{ numbers: ['7'] }] }, 'result'],
    ['redraws', { rules: { maxRedraws: 1 } }, 'rules'],
    ['one win a holder', { rules: { winPolicy: 'perHolder' } }, 'rules'],
    ['fewer numbers than digits give', { rules: { totalTickets: 99 } }, 'rules'],
    ['a cancellation near the draw', { cancelled: { at: DRAW_AT_MS - 59_999, reason: 'x' } }, 'cancellation'],
    [
      'a cancellation while a result may still come',
      { cancelled: { at: DRAW_AT_MS + 14 * DAY * 1000 - 1, reason: 'x' } },
      'cancellation',
    ],
    ['a cancellation after the result', { ...NO_RESULT, results: [FIRST] }, 'cancellation'],
  ])('is caught with %s', (_, scenario, name) => {
    expect(failing(verified(publishLottery(scenario))).map((check) => check.name)).toEqual([name])
  })
})

describe('npm run verify', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lot1-'))
  const path = (name: string) => join(folder, name)
  const verify = (...args: string[]): { code: number; text: string } => {
    try {
      const script = join(import.meta.dirname, '../../scripts/verify.ts')
      return { code: 0, text: execFileSync(process.execPath, [script, ...args], { encoding: 'utf8' }) }
    } catch (error) {
      const { status, stdout } = error as { status: number; stdout: string }
      return { code: status, text: stdout }
    }
  }
  const published = publishLottery(CORRECTED)

  beforeAll(() => {
    writeFileSync(path('list.csv'), published.listCsv)
    writeFileSync(path('log.csv'), published.logCsv)
    writeFileSync(path('keys.json'), JSON.stringify(keys))
    writeFileSync(path('proof.json'), JSON.stringify(published.proof))
    const altered = changed(published.proof, ['attempts', 1, 'winners', 0, 'ticket'], 42)
    writeFileSync(path('altered.json'), JSON.stringify(altered))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('verifies a proof, and shows numbers with their leading zeros', () => {
    const { code, text } = verify(
      path('proof.json'),
      path('list.csv'),
      path('log.csv'),
      '--key',
      path('keys.json'),
    )
    expect(text).toContain('lottery lottery_test of 2025-10-09')
    expect(text).toMatch(/2#2 .*ticket 07, correction 1/)
    expect(text).toContain('Verified')
    expect(code).toBe(0)
  }, 60_000)

  it('refuses another winner', () => {
    const { code, text } = verify(
      path('altered.json'),
      path('list.csv'),
      path('log.csv'),
      '--key',
      path('keys.json'),
    )
    expect(text).toContain('NOT verified')
    expect(code).toBe(1)
  }, 60_000)
})
