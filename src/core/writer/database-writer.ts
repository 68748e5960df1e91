/**
 * The Durable Object through which workers and pools write to D1, so that their batches share transactions. It stores
 * nothing: when it dies, the calls under way fail as after a lost connection to D1.
 */
import { DurableObject } from 'cloudflare:workers'
import { BatchJoiner } from './batch-joiner.ts'
import type { DatabaseBindings, Statement, Writer, WriterAnswer } from './contract.ts'
import { WriterLoad } from './load.ts'
import { toPlain } from './refusal.ts'

export class DatabaseWriter extends DurableObject<DatabaseBindings> implements Writer {
  /** A field, so that a test can replace it by a failing database. */
  database: D1Database = this.env.DB
  readonly #load = new WriterLoad()
  readonly #joiner = new BatchJoiner((statements) => {
    const { database } = this
    return database.batch(statements.map(({ sql, params }) => database.prepare(sql).bind(...params)))
  })

  /** Writes the statements in one transaction, alone or with those of others. Returns D1's errors, and throws none. */
  async write(statements: Statement[], isSample: boolean): Promise<WriterAnswer> {
    if (this.#joiner.isFull) return 'full'
    try {
      const { results, isShared } = await this.#joiner.write(statements)
      this.#load.count(Date.now(), { isSample, isShared })
      return { results, isBusy: this.#load.isBusy }
    } catch (error) {
      return { error: toPlain(error) }
    }
  }
}
