// What counts is what two different people answer for, whatever admins and pages do, and in whatever order.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Problem } from '../../src/core/errors.ts'
import {
  type Decision,
  decideOnConfirmation,
  decideOnPage,
  decideOnRecord,
  decideOnRejection,
  type Known,
  type KnownRecord,
} from '../../src/lotteries/decide-result.ts'

const PEOPLE = ['ana', 'ben', 'cruz'] as const
const NUMBERS = [['0001'], ['0002'], ['0003']] as const
const PAGE = 'https://results.example/page.json'

type Act =
  | { do: 'record'; by: string; numbers: readonly string[]; source: string; reason: string | null }
  | { do: 'page'; by: string; numbers: readonly string[] }
  | { do: 'confirm'; by: string; record: number; reason: string | null }
  | { do: 'reject'; by: string; record: number }
  /** Ceases to be an admin, or becomes one again. */
  | { do: 'leave'; by: string }
  | { do: 'return'; by: string }

const person = fc.constantFrom(...PEOPLE)
const numbers = fc.constantFrom(...NUMBERS)
const reason = fc.constantFrom(null, 'They published it again.')
const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    do: fc.constant('record' as const),
    by: person,
    numbers,
    source: fc.constantFrom(PAGE, `${PAGE}?again=1`, 'https://paper.example/'),
    reason,
  }),
  fc.record({ do: fc.constant('page' as const), by: person, numbers }),
  fc.record({ do: fc.constant('confirm' as const), by: person, record: fc.nat(5), reason }),
  fc.record({ do: fc.constant('reject' as const), by: person, record: fc.nat(5) }),
  fc.record({ do: fc.constantFrom('leave' as const, 'return' as const), by: person }),
)

interface State {
  records: (KnownRecord & { decidedBy: string | null })[]
  results: {
    numbers: readonly string[]
    recordId: string
    confirmedBy: string
    confirmedAt: number
    reason: string | null
  }[]
  attention: Decision['attention']
  gone: ReadonlySet<string>
}

const knownOf = ({ records, results, gone }: State): Known => ({
  current: results.at(-1)?.numbers ?? null,
  confirmedAt: results.at(-1)?.confirmedAt ?? null,
  gone,
  records,
})

type Decided = Exclude<Act, { do: 'leave' | 'return' }>

function decide(state: State, act: Decided): Decision | null {
  // Neither they nor the page that they answer for is heard.
  if (state.gone.has(act.by)) return null
  const known = knownOf(state)
  const idOf = (at: number) => state.records[at % Math.max(1, state.records.length)]?.id ?? 'none'
  const id = `r${state.records.length}`
  switch (act.do) {
    case 'record':
      return decideOnRecord(known, {
        id,
        origin: 'person',
        author: act.by,
        numbers: [...act.numbers],
        source: act.source,
        reason: act.reason,
      })
    case 'page':
      return decideOnPage(known, {
        id,
        origin: 'page',
        author: act.by,
        numbers: [...act.numbers],
        source: PAGE,
        reason: null,
      })
    case 'confirm':
      return decideOnConfirmation(known, idOf(act.record), act.by, act.reason)
    case 'reject':
      return decideOnRejection(known, idOf(act.record), act.by)
  }
}

/** The same rows as `change-draw.ts` writes. */
function apply(state: State, { insert, end, result, attention }: Decision, now: number): State {
  let records = state.records.map((each) =>
    each.id === end?.id ? { ...each, status: end.status, decidedBy: end.by, decidedAt: now } : each,
  )
  if (insert !== null) records.push({ ...insert, status: 'pending', decidedBy: null, decidedAt: null })
  if (result === null) return { ...state, records, attention }
  const { record, confirmedBy } = result
  records = records.map((each) => {
    if (each.status !== 'pending') return each
    if (each.numbers.join() !== record.numbers.join())
      return { ...each, status: 'rejected' as const, decidedBy: confirmedBy, decidedAt: now }
    const decidedBy = each.author === confirmedBy ? record.author : confirmedBy
    return { ...each, status: 'confirmed' as const, decidedBy, decidedAt: now }
  })
  const { numbers } = record
  return {
    ...state,
    records,
    attention,
    results: [
      ...state.results,
      { numbers, recordId: record.id, confirmedBy, confirmedAt: now, reason: result.reason },
    ],
  }
}

function next(state: State, act: Act, now: number): State {
  if (act.do === 'leave') return { ...state, gone: new Set([...state.gone, act.by]) }
  if (act.do === 'return') return { ...state, gone: new Set([...state.gone].filter((by) => by !== act.by)) }
  try {
    const decision = decide(state, act)
    return decision === null ? state : apply(state, decision, now)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return state
  }
}

function play(all: readonly Act[], check: (before: State, act: Act, after: State) => void): State {
  let state: State = { records: [], results: [], attention: null, gone: new Set() }
  for (const [now, act] of all.entries()) {
    const after = next(state, act, now)
    check(state, act, after)
    state = after
  }
  return state
}

describe('whatever admins and pages do', () => {
  it('two different people answer for each result, and neither for a page alone', () => {
    let results = 0
    let corrections = 0
    fc.assert(
      fc.property(fc.array(acts, { minLength: 1, maxLength: 30, size: 'max' }), (all) => {
        const state = play(all, (before, act, after) => {
          // Results are only added, one at a time.
          expect(after.results.slice(0, before.results.length)).toEqual(before.results)
          expect(after.results.length - before.results.length).toBeLessThanOrEqual(1)
          const pending = after.records.filter(({ status }) => status === 'pending')
          if (after.results.length > before.results.length) {
            const made = after.results.at(-1)!
            const record = after.records.find(({ id }) => id === made.recordId)!
            expect(record.status).toBe('confirmed')
            expect(made.confirmedBy).not.toBe(record.author)
            expect(act.by).toBe(made.confirmedBy)
            expect(before.gone).not.toContain(record.author)
            expect(before.gone).not.toContain(made.confirmedBy)
            // A correction follows from a record of a person, or from an admin who confirms a difference.
            if (act.do === 'record' && before.results.length > 0) expect(record.origin).toBe('person')
            // A page never decides alone, never corrects, and never settles a conflict.
            if (act.do === 'page') {
              expect(before.results).toEqual([])
              expect(before.attention).not.toBe('conflict')
              expect(record.origin).toBe('person')
              expect(new URL(record.source).pathname).not.toBe(new URL(PAGE).pathname)
            }
            expect(made.reason === null).toBe(before.results.length === 0)
            // The decision ends every record that waited.
            expect(pending).toEqual([])
            expect(made.numbers).not.toEqual(before.results.at(-1)?.numbers)
          }
          for (const { status, decidedBy, author } of after.records) {
            if (status === 'confirmed') expect(decidedBy).not.toBe(author)
            expect(decidedBy === null).toBe(status === 'pending')
          }
          // As the unique indexes have it.
          const keys = pending.map(({ origin, author }) => (origin === 'page' ? 'page' : author))
          expect(new Set(keys).size).toBe(keys.length)
          expect(after.attention === null).toBe(pending.length === 0)
          const said = new Set(pending.map((each) => each.numbers.join()))
          expect(after.attention === 'conflict').toBe(said.size > 1)
        })
        results += state.results.length
        corrections += Math.max(0, state.results.length - 1)
      }),
      { numRuns: 1_000 },
    )
    expect(results).toBeGreaterThan(100)
    expect(corrections).toBeGreaterThan(10)
  })

  it('an act that is repeated at once changes nothing', () => {
    fc.assert(
      fc.property(fc.array(acts, { minLength: 1, maxLength: 8 }), (all) => {
        const once = play(all, () => {})
        const twice = play([...all, all.at(-1)!], () => {})
        // A page that is fetched twice, a record, a confirmation: the second finds the first.
        if (all.at(-1)!.do !== 'confirm' && all.at(-1)!.do !== 'reject') expect(twice).toEqual(once)
      }),
      { numRuns: 500 },
    )
  })
})

describe('one admin', () => {
  const from = (by: string, numbers: readonly string[] = NUMBERS[0]): Act => ({
    do: 'record',
    by,
    numbers,
    source: PAGE,
    reason: null,
  })

  it('who records and withdraws without end does not keep others from deciding', () => {
    const busy = Array.from({ length: 200 }, (_, at): Act[] => [
      from('ana'),
      { do: 'reject', by: 'ana', record: at },
    ])
    const state = play([...busy.flat(), from('ben'), from('cruz')], () => {})
    expect(state.records.filter(({ author }) => author === 'ana')).toHaveLength(20)
    expect(state.results).toMatchObject([{ confirmedBy: 'cruz' }])
  })
})

describe('a page that lost a conflict', () => {
  it('raises a difference once the winner is the result, and not again once that is rejected', () => {
    const page: Act = { do: 'page', by: 'cruz', numbers: NUMBERS[1] }
    const lost: Act[] = [
      { do: 'record', by: 'ana', numbers: NUMBERS[0], source: 'https://paper.example/', reason: null },
      page,
      { do: 'confirm', by: 'ben', record: 0, reason: null },
    ]
    expect(play(lost, () => {})).toMatchObject({ results: [{ confirmedBy: 'ben' }], attention: null })
    const raised = play([...lost, page], () => {})
    expect(raised).toMatchObject({ results: [{}], attention: 'difference' })
    expect(raised.records).toHaveLength(3)
    const rejected = play([...lost, page, { do: 'reject', by: 'ben', record: 2 }, page], () => {})
    expect(rejected).toMatchObject({ results: [{}], attention: null })
    expect(rejected.records).toHaveLength(3)
  })
})
