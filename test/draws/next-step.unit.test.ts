import { describe, expect, it } from 'vitest'
import { disqualifiedTickets, nextStep, type Step, type StepFacts } from '../../src/draws/next-step.ts'
import { STORED_STATUSES } from '../../src/raffles/schema.ts'
import { dev, timeOf } from '../../src/rdp1/chains.ts'
import { OPEN_TO_ALL } from '../../src/tickets/entry-terms.ts'
import type { RaffleTerms } from '../../src/tickets/terms.ts'
import { attemptRow, CLAIM_BY, winnerRow } from './attempt-rows.ts'

const FREEZE_AT = Date.parse('2031-05-06T09:00:00Z')
const ROUND = 200_000_000
const DUE = timeOf(dev, ROUND) * 1_000
const REDRAW_ROUND = ROUND + 60
const TERMS: RaffleTerms = {
  kind: 'raffle',
  rules: '{}',
  paymentSpanSeconds: 0,
  providers: [],
  ...OPEN_TO_ALL,
}

const POOL = {
  termsVersion: 1,
  terms: TERMS,
  freezeAt: FREEZE_AT,
  committed: false,
  cancelled: false,
  chain: null,
} as const

const COMMITTED = { ...POOL, committed: true, chain: dev.hash }

const facts = (changes: Partial<StepFacts> = {}): StepFacts => ({
  stored: 'scheduled',
  termsVersion: 1,
  drawnAttempts: 0,
  rules: { onUnclaimed: 'redraw', maxRedraws: 3 },
  pool: POOL,
  hasPrizesAside: false,
  attempts: [],
  lottery: null,
  winners: [],
  hasOpenMoney: false,
  ...changes,
})

const drawn = (changes: Partial<StepFacts> = {}): StepFacts =>
  facts({
    stored: 'drawn',
    pool: COMMITTED,
    drawnAttempts: 1,
    attempts: [attemptRow(0, ['1#1', '1#2'], [11, 12], ROUND)],
    winners: [winnerRow(0, '1#1', 'announced'), winnerRow(0, '1#2', 'claimed')],
    ...changes,
  })

const pending = attemptRow(0, ['1#1', '1#2'], 'pending', ROUND)

describe('the next step of a raffle', () => {
  it.each<[string, StepFacts, number, Step]>([
    [
      'is none for a draft without a pool',
      facts({ stored: 'draft', termsVersion: 0, pool: null }),
      FREEZE_AT,
      { kind: 'wait', until: null },
    ],
    [
      'is to return the stock of a publication that never reached its pool',
      facts({ stored: 'draft', termsVersion: 0, pool: null, hasPrizesAside: true }),
      FREEZE_AT,
      { kind: 'undoPublication' },
    ],
    [
      'is to publish a draft whose terms a pool has accepted',
      facts({ stored: 'draft', termsVersion: 0 }),
      FREEZE_AT - 1,
      { kind: 'applyTerms', version: 1, terms: TERMS },
    ],
    [
      'is to follow a pool that has newer terms',
      facts({ pool: { ...POOL, termsVersion: 3 } }),
      FREEZE_AT - 1,
      { kind: 'applyTerms', version: 3, terms: TERMS },
    ],
    [
      'is to publish even if the pool was cancelled since',
      facts({ stored: 'draft', termsVersion: 0, pool: { ...POOL, cancelled: true } }),
      FREEZE_AT,
      { kind: 'applyTerms', version: 1, terms: TERMS },
    ],
    [
      'is to follow a cancelled pool',
      facts({ pool: { ...POOL, cancelled: true } }),
      FREEZE_AT + 1,
      { kind: 'markCancelled' },
    ],
    [
      'is to follow a pool that was cancelled after its commitment, although its round is due',
      facts({ pool: { ...COMMITTED, cancelled: true }, attempts: [pending] }),
      DUE + 1,
      { kind: 'markCancelled' },
    ],
    ['is to wait for the freeze', facts(), FREEZE_AT - 1, { kind: 'wait', until: FREEZE_AT }],
    ['is the freeze at its exact millisecond', facts(), FREEZE_AT, { kind: 'freeze' }],
    ['is the freeze, however late', facts(), FREEZE_AT + 10 ** 10, { kind: 'freeze' }],
    [
      'is to wait for the round',
      facts({ pool: COMMITTED, attempts: [pending] }),
      DUE - 1,
      { kind: 'wait', until: DUE },
    ],
    [
      'is the draw at the exact millisecond of its round',
      facts({ pool: COMMITTED, attempts: [pending] }),
      DUE,
      { kind: 'draw', attempt: pending },
    ],
    [
      'is to check again at once if the attempts are not projected yet',
      facts({ pool: COMMITTED }),
      DUE,
      { kind: 'wait', until: DUE },
    ],
    [
      'is to announce an attempt that the pool has already drawn',
      facts({ pool: COMMITTED, attempts: [attemptRow(0, ['1#1'], [11], ROUND)] }),
      DUE,
      { kind: 'draw', attempt: attemptRow(0, ['1#1'], [11], ROUND) },
    ],
    ['is to wait for the claim window', drawn(), CLAIM_BY - 1, { kind: 'wait', until: CLAIM_BY }],
    ['is to end the claim window at its exact millisecond', drawn(), CLAIM_BY, { kind: 'expireClaims' }],
    [
      'is nothing while a claimed prize is on its way',
      drawn({ winners: [winnerRow(0, '1#1', 'claimed'), winnerRow(0, '1#2', 'delivered')] }),
      CLAIM_BY,
      { kind: 'wait', until: null },
    ],
    [
      'is one redraw of all open units, which excludes every disqualified ticket',
      drawn({ winners: [winnerRow(0, '1#1', 'declined'), winnerRow(0, '1#2', 'disqualified')] }),
      DUE,
      {
        kind: 'redraw',
        attempt: 1,
        units: ['1#1', '1#2'],
        reason: 'declined, disqualified',
        disqualifiedTickets: [12],
      },
    ],
    [
      'is to end claim windows before a redraw, so that one redraw covers all units',
      drawn({ winners: [winnerRow(0, '1#1', 'announced'), winnerRow(0, '1#2', 'declined')] }),
      CLAIM_BY,
      { kind: 'expireClaims' },
    ],
    [
      'is to wait for the round of a pending redraw, and not to request another',
      drawn({
        attempts: [
          attemptRow(0, ['1#1', '1#2'], [11, 12], ROUND),
          attemptRow(1, ['1#1'], 'pending', REDRAW_ROUND),
        ],
        winners: [winnerRow(0, '1#1', 'declined'), winnerRow(0, '1#2', 'declined')],
      }),
      DUE,
      { kind: 'wait', until: timeOf(dev, REDRAW_ROUND) * 1_000 },
    ],
    [
      'is to settle when every winner is final',
      drawn({ winners: [winnerRow(0, '1#1', 'delivered'), winnerRow(0, '1#2', 'paid')] }),
      DUE,
      { kind: 'settle' },
    ],
    [
      'is to check again soon if every winner is final and money is under way',
      drawn({
        winners: [winnerRow(0, '1#1', 'delivered'), winnerRow(0, '1#2', 'paid')],
        hasOpenMoney: true,
      }),
      DUE,
      { kind: 'wait', until: DUE + 300_000 },
    ],
    [
      'is to settle if the organisation keeps the prizes',
      drawn({
        rules: { onUnclaimed: 'keep', maxRedraws: 3 },
        winners: [winnerRow(0, '1#1', 'declined'), winnerRow(0, '1#2', 'expired')],
      }),
      DUE,
      { kind: 'settle' },
    ],
    [
      'is to settle when the redraws are used up',
      drawn({
        rules: { onUnclaimed: 'redraw', maxRedraws: 0 },
        winners: [winnerRow(0, '1#1', 'disqualified'), winnerRow(0, '1#2', 'expired')],
      }),
      DUE,
      { kind: 'settle' },
    ],
    [
      'is to settle when nobody took part',
      drawn({ attempts: [attemptRow(0, ['1#1', '1#2'], [], ROUND)], winners: [] }),
      DUE,
      { kind: 'settle' },
    ],
  ])('%s', (_, given, now, expected) => {
    expect(nextStep(given, now)).toEqual(expected)
  })

  it.each(['settled', 'cancelled'] as const)('is none for ever once it is %s', (stored) => {
    const all = [
      facts({ stored, pool: { ...POOL, termsVersion: 2, cancelled: true } }),
      facts({ stored, pool: COMMITTED, attempts: [pending] }),
      drawn({ stored, winners: [winnerRow(0, '1#1', 'declined')] }),
    ]
    for (const each of all) expect(nextStep(each, CLAIM_BY)).toEqual({ kind: 'wait', until: null })
  })

  it('never waits for a past instant, so that a waiting raffle is not always due', () => {
    const given = [facts(), facts({ pool: COMMITTED, attempts: [pending] }), drawn()]
    for (const stored of STORED_STATUSES) {
      for (const each of given) {
        for (const now of [FREEZE_AT - 1, FREEZE_AT, DUE - 1, DUE, CLAIM_BY - 1, CLAIM_BY]) {
          const step = nextStep({ ...each, stored }, now)
          if (step.kind === 'wait' && step.until !== null) expect(step.until).toBeGreaterThan(now)
        }
      }
    }
  })
})

describe('a disqualified ticket', () => {
  it('is excluded from every later redraw, whatever its prize was', () => {
    const winners = [
      winnerRow(0, '1#1', 'disqualified'),
      winnerRow(0, '1#2', 'declined'),
      winnerRow(1, '1#1', 'disqualified'),
      winnerRow(2, '1#1', 'announced'),
    ]
    expect(disqualifiedTickets(winners)).toEqual([11, 21])
  })
})
