// Searches through the real endpoint, once the index is in step.
import { expect } from 'vitest'
import { followChanges } from '../../src/search/follow-changes.ts'
import { testContext } from '../harness/people.ts'
import { as } from '../raffles/scenario.ts'

/** More than any test needs. */
const MOST_MS = 60_000

export const inStep = (): Promise<void> => followChanges(testContext(), MOST_MS)

export type Asked = Record<string, string | number>

const queryOf = (asked: Asked): string =>
  new URLSearchParams(Object.entries(asked).map(([name, value]) => [name, String(value)])).toString()

export const ask = (asked: Asked) => as(null, 'GET', `/search?${queryOf(asked)}`)

export async function search(asked: Asked) {
  await inStep()
  const { status, body } = await ask(asked)
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

export const idsOf = (body: { data: { id: string }[] }): string[] => body.data.map(({ id }) => id)

/** The ids of everything that is found, page by page. */
export async function findAll(asked: Asked): Promise<string[]> {
  await inStep()
  const ids: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { status, body } = await ask(cursor === '' ? asked : { ...asked, cursor })
    expect(status, JSON.stringify(body)).toBe(200)
    ids.push(...idsOf(body))
    cursor = body.nextCursor
  }
  return ids
}
