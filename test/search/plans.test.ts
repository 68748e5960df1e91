// No search reads a whole table, whatever is asked, and nor does the follower: it looks only at what changed.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { openDatabase } from '../../src/core/database.ts'
import { followChanges } from '../../src/search/follow-changes.ts'
import { readLag } from '../../src/search/lag.ts'
import { stageEvent } from '../events/event-stage.ts'
import { environment } from '../harness/environment.ts'
import { testContext } from '../harness/people.ts'
import { as, iso, NOW, useClock } from '../raffles/scenario.ts'
import { inStep } from './searching.ts'

useClock()

interface Query {
  sql: string
  values: unknown[]
}

/** A database that notes every statement. */
function recording(database: D1Database): { noted: D1Database; queries: Query[] } {
  const queries: Query[] = []
  const noted = {
    prepare: (sql: string) => {
      const statement = database.prepare(sql)
      return new Proxy(statement, {
        get(target, name) {
          if (name !== 'bind') return Reflect.get(target, name).bind(target)
          return (...values: unknown[]) => {
            queries.push({ sql, values })
            return target.bind(...values)
          }
        },
      })
    },
    batch: (statements: D1PreparedStatement[]) => database.batch(statements),
  } as unknown as D1Database
  return { noted, queries }
}

const stepsOf = async (database: D1Database, { sql, values }: Query): Promise<string[]> => {
  const { results } = await database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...values)
    .all<{ detail: string }>()
  return results.map(({ detail }) => detail)
}

/** Everything but small sets: the rows of a lookup in the text index, and values that were sent. */
const READS_ALL =
  /^SCAN (?!(matched|m|every|found|page|each|json_each|\(subquery|CONSTANT|value)\b).*(?<! VIRTUAL TABLE INDEX \d+:\S*M\S*)$/

it.each<Record<string, string>>([
  { q: 'jazz' },
  { q: 'jazz 東京', sort: 'date' },
  { sort: '-date' },
  { type: 'event', from: iso(NOW), to: iso(NOW + 1) },
  { near: '0,0', radiusKm: '1000' },
  { tags: 'a,b', category: 'music', location: 'Kisumu', tagsMatch: 'all' },
  { currency: 'KES', minPrice: '1', sort: 'price' },
  { q: 'misspelt wrods' },
])('%j looks documents up', async (asked) => {
  await stageEvent({ title: 'Jazz 東京', tags: ['a', 'b'] })
  await inStep()
  const { noted, queries } = recording(env.SEARCH)
  const path = `/search?${new URLSearchParams({ ...asked, limit: '1' })}`
  const { status, body } = await as(null, 'GET', path, undefined, {
    bindings: { SEARCH: noted } as Partial<Bindings>,
  })
  expect(status, JSON.stringify(body)).toBe(200)
  expect(queries.length).toBeGreaterThan(0)
  expect(queries.length).toBeLessThanOrEqual(asked.q === 'misspelt wrods' ? 4 : 1)
  for (const query of queries) {
    const steps = await stepsOf(env.SEARCH, query)
    expect(steps.filter((step) => READS_ALL.test(step))).toEqual([])
  }
})

it('following reads what changed, in one trip to each database, and a quiet one writes nothing', async () => {
  await stageEvent()
  await inStep()
  const main = recording(env.DB)
  const index = recording(env.SEARCH)
  const ctx = { ...testContext(), env: environment({ SEARCH: index.noted }) }
  const quiet = Object.create(ctx, {
    db: { value: openDatabase(main.noted) },
  })
  await followChanges(quiet, 60_000)
  expect(main.queries).toHaveLength(1)
  for (const query of main.queries) {
    const steps = await stepsOf(env.DB, query)
    expect(steps.filter((step) => READS_ALL.test(step))).toEqual([])
  }
  expect(index.queries.filter(({ sql }) => !/^\s*SELECT/i.test(sql))).toEqual([])
  await readLag(quiet)
  const steps = await stepsOf(env.DB, main.queries.at(-1)!)
  expect(steps.filter((step) => READS_ALL.test(step))).toEqual([])
})
