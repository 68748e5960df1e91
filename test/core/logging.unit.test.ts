import { afterEach, describe, expect, it, vi } from 'vitest'
import { Logger } from '../../src/core/logging.ts'

afterEach(() => vi.restoreAllMocks())

/** The line that an error makes. */
function lineOf(error: unknown): Record<string, unknown> {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {})
  new Logger('error').error('it failed', { error })
  return JSON.parse(String(written.mock.calls[0]![0]))
}

const PERSONAL = 'amina@example.com'

const failedQuery = () =>
  Object.assign(new Error(`Failed query: INSERT … params: ${PERSONAL}`), {
    name: 'DrizzleQueryError',
    query: 'INSERT …',
    cause: new Error('D1_ERROR: Network connection lost.'),
  })

describe('a failed query in the log', () => {
  it('shows what the database said, and never the values', () => {
    const { error, reason } = lineOf(failedQuery())
    expect([error, reason]).toEqual(['DatabaseError', 'D1_ERROR: Network connection lost.'])
  })

  it('shows no value either if it is one of several failures', () => {
    const line = lineOf(
      new AggregateError([failedQuery(), new TypeError('no answer')], 'several parts failed'),
    )
    expect(line.reason).toBe('DatabaseError: D1_ERROR: Network connection lost.; TypeError: no answer')
    expect(JSON.stringify(line)).not.toContain(PERSONAL)
  })
})
