import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../src/core/context.ts'
import { sweepRows } from '../../src/core/sweep-rows.ts'

/** Runs a sweep over rows that are due until they are done. Rows for which `stuck` is true always fail. */
function work(count: number, stuck: (row: number) => boolean) {
  const due = new Set(Array.from({ length: count }, (_, row) => row))
  const tried: number[] = []
  const limits: number[] = []
  const errors: unknown[] = []
  const ctx = { log: { error: (_: string, fields: unknown) => errors.push(fields) } } as unknown as Ctx
  const swept = sweepRows(ctx, {
    name: 'row',
    page: async (limit) => {
      limits.push(limit)
      return [...due].slice(0, limit).map((row) => ({ id: String(row), row }))
    },
    one: async ({ row }) => {
      tried.push(row)
      if (stuck(row)) throw new Error('stuck')
      due.delete(row)
    },
  })
  return { swept, tried, limits, errors }
}

describe('a sweep over rows', () => {
  it('does each row once, page by page', async () => {
    const { swept, tried, limits } = work(1_050, () => false)
    expect(await swept).toEqual({ done: 1_050, failed: 0 })
    expect(tried.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1_050 }, (_, row) => row))
    expect(new Set(limits)).toEqual(new Set([100]))
  })

  it('gets past more failing rows than a page holds, and tries each once', async () => {
    const { swept, tried, errors } = work(520, (row) => row < 350)
    expect(await swept).toEqual({ done: 170, failed: 350 })
    expect(new Set(tried).size).toBe(tried.length)
    expect(errors).toHaveLength(350)
  })
})
