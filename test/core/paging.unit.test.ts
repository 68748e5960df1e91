import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { DEFAULT_PAGE, PageQuery, readCursor, toPage } from '../../src/core/paging.ts'
import { readQuery } from '../../src/core/query.ts'
import { respellings } from '../harness/respell.ts'

const Key = z.tuple([z.number(), z.string()])
type Row = { at: number; id: string }

const rows: Row[] = Array.from({ length: 25 }, (_, i) => ({ at: Math.floor(i / 3), id: `row_${i}` }))
const isAfter = (row: Row, [at, id]: z.infer<typeof Key>) =>
  row.at > at || (row.at === at && Number(row.id.slice(4)) > Number(id.slice(4)))

/** One page, made like a list's page: the query reads one row more than the page shows. */
function list(limit: number, cursor?: string) {
  const after = readCursor(cursor, Key)
  const found = rows.filter((row) => after === undefined || isAfter(row, after)).slice(0, limit + 1)
  return toPage(
    found,
    limit,
    (row) => [row.at, row.id],
    (row) => row.id,
  )
}

describe('paging', () => {
  it.each([1, 4, 5, 24, 25, 100])('shows every row once, %i at a time', (limit) => {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = list(limit, cursor)
      expect(page.data.length).toBeLessThanOrEqual(limit)
      seen.push(...page.data)
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
    expect(seen).toEqual(rows.map((row) => row.id))
  })

  it('goes on where a filtered page stopped reading, even after a page without rows', () => {
    const { data, nextCursor } = toPage<Row, string>(
      [],
      10,
      ({ at, id }) => [at, id],
      ({ id }) => id,
      [4, 'row_12'],
    )
    expect([data, readCursor(nextCursor!, Key)]).toEqual([[], [4, 'row_12']])
  })

  it('ends without a cursor, even if the last page is full', () => {
    expect(list(25).nextCursor).toBeNull()
    expect(toPage([], 10, () => [], String)).toEqual({ data: [], nextCursor: null })
  })

  it('has cursors that need no escaping in a URL', () => {
    expect(list(1).nextCursor).toMatch(/^[\w-]+$/)
  })

  it.each(['nonsense', '', '%', btoa('[]'), btoa('["a",1]'), btoa('[1,"a",2]'), btoa('null'), btoa('{')])(
    'refuses a cursor that it did not make: %s',
    (cursor) => {
      expect(() => readCursor(cursor, Key)).toThrow(expect.objectContaining({ code: 'malformed_request' }))
    },
  )
})

describe('a cursor', () => {
  const cursor = list(1).nextCursor!
  const spell = (json: string) => Buffer.from(json).toString('base64url')

  it('is read back as the key that it was made of', () => {
    expect(cursor).toBe(spell('[0,"row_0"]'))
    expect(readCursor(cursor, Key)).toEqual([0, 'row_0'])
  })

  it.each([
    ...respellings(cursor),
    ` ${cursor}`,
    spell('[0, "row_0"]'),
    spell('[0.0,"row_0"]'),
    spell('[-0,"row_0"]'),
    spell('[0,"\\u0072ow_0"]'),
  ])('is refused in any other spelling: %s', (other) => {
    expect(() => readCursor(other, Key)).toThrow(expect.objectContaining({ code: 'malformed_request' }))
  })
})

describe('the query of a list', () => {
  it('has a limit, with a default', () => {
    expect(PageQuery.parse({}).limit).toBe(DEFAULT_PAGE)
    expect(PageQuery.parse(readQuery(PageQuery, { limit: '100' })).limit).toBe(100)
    expect(PageQuery.parse(readQuery(PageQuery, { limit: '' })).limit).toBe(DEFAULT_PAGE)
  })

  it.each(['0', '101', '-1', '1.5', 'all'])('refuses a limit of %s', (limit) => {
    expect(PageQuery.safeParse(readQuery(PageQuery, { limit })).success).toBe(false)
  })

  it('refuses a cursor that is too long', () => {
    expect(PageQuery.safeParse({ cursor: 'x'.repeat(513) }).success).toBe(false)
  })
})
