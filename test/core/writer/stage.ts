// Access to the database writer from inside its object, for tests.

import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import type { DatabaseWriter } from '../../../src/core/writer/database-writer.ts'

/** Runs `work` inside the one writer that tests have. */
export const inWriter = <Result>(
  work: (writer: DatabaseWriter) => Result | Promise<Result>,
): Promise<Result> =>
  runInDurableObject(env.DATABASE_WRITER!.getByName('anywhere-0'), (writer) => work(writer as DatabaseWriter))

/** Replaces the writer's D1 while `work` runs. */
export async function withWritersDatabase<Result>(
  other: D1Database,
  work: () => Promise<Result>,
): Promise<Result> {
  const replace = (next: D1Database) =>
    inWriter((writer) => {
      const before = writer.database
      writer.database = next
      return before
    })
  const before = await replace(other)
  try {
    return await work()
  } finally {
    await replace(before)
  }
}

/**
 * Counts the statements in each transaction that the writer sends to D1 while `work` runs. With `crowded`, the first does
 * not end before the second starts, so that all other callers arrive meanwhile: after a second the writer stops waiting.
 */
export async function transactionsOf(
  work: () => Promise<unknown>,
  { crowded = false } = {},
): Promise<number[]> {
  const sizes: number[] = []
  const { promise: second, resolve: begin } = Promise.withResolvers<void>()
  const batch = async (statements: D1PreparedStatement[]) => {
    if (sizes.push(statements.length) > 1) begin()
    else if (crowded) await second
    return env.DB.batch(statements)
  }
  const counting = { prepare: (query: string) => env.DB.prepare(query), batch } as unknown as D1Database
  await withWritersDatabase(counting, () => work().finally(begin))
  return sizes
}
