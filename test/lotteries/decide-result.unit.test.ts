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
)

interface State {
  records: (KnownRecord & { decidedBy: string | null })[]
  results: { numbers: readonly string[]; recordId: string; confirmedBy: string; reason: string | null }[]
  attention: Decision['attention']
}

const knownOf = ({ records, results }: State): Known => ({
  current: results.at(-1)?.numbers ?? null,
  records,
})

function decide(state: State, act: Act): Decision | null {
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
function apply(state: State, { insert, end, result, attention }: Decision): State {
  let records = state.records.map((each) =>
    each.id === end?.id ? { ...each, status: end.status, decidedBy: end.by } : each,
  )
  if (insert !== null) records.push({ ...insert, status: 'pending', decidedBy: null })
  if (result === null) return { ...state, records, attention }
  const { record, confirmedBy } = result
  records = records.map((each) => {
    if (each.status !== 'pending') return each
    if (each.numbers.join() !== record.numbers.join())
      return { ...each, status: 'rejected' as const, decidedBy: confirmedBy }
    const decidedBy = each.author === confirmedBy ? record.author : confirmedBy
    return { ...each, status: 'confirmed' as const, decidedBy }
  })
  const { numbers } = record
  return {
    records,
    attention,
    results: [...state.results, { numbers, recordId: record.id, confirmedBy, reason: result.reason }],
  }
}

function play(all: readonly Act[], check: (before: State, act: Act, after: State) => void): State {
  let state: State = { records: [], results: [], attention: null }
  for (const act of all) {
    let decision: Decision | null = null
    try {
      decision = decide(state, act)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
    }
    const after = decision === null ? state : apply(state, decision)
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
