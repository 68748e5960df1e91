/**
 * The Durable Object through which workers and pools write to D1, so that their batches share transactions. It stores
 * nothing: when it dies, the calls under way fail as after a lost connection to D1.
 */
import { DurableObject } from 'cloudflare:workers'
import { BatchJoiner } from './batch-joiner.ts'
import type { DatabaseBindings, Statement, Writer, WriterAnswer } from './contract.ts'
import { CallRate } from './load.ts'
import { toPlain } from './refusal.ts'

export class DatabaseWriter extends DurableObject<DatabaseBindings> implements Writer {
  /** A field, so that a test can replace it by a failing database. */
  database: D1Database = this.env.DB
  readonly #rate = new CallRate()
  readonly #joiner = new BatchJoiner((statements) => {
    const { database } = this
    return database.batch(statements.map(({ sql, params }) => database.prepare(sql).bind(...params)))
  })

  /** Writes the statements in one transaction, alone or with those of others. Returns D1's errors, and throws none. */
  async write(statements: Statement[]): Promise<WriterAnswer> {
    this.#rate.count(Date.now())
    if (this.#joiner.isFull) return 'full'
    try {
      return { results: await this.#joiner.write(statements), isBusy: this.#rate.isBusy }
    } catch (error) {
      return { error: toPlain(error) }
    }
  }
}
