/** What callers and the database writer exchange: plain values, as RPC carries them. */

/** A statement with its bound values. */
export interface Statement {
  sql: string
  params: unknown[]
}

/** An error of D1. A thrown one would lose its cause on the way, and look like a failure of the writer. */
export interface PlainError {
  message: string
  cause: string | null
}

/** `full`: nothing was written, as too many calls wait. `isBusy`: other callers do well to come here too. */
export type WriterAnswer = { results: D1Result[]; isBusy: boolean } | { error: PlainError } | 'full'

export interface Writer {
  /** `isSample`: the caller would write directly if it did not want to know whether the writer is busy. */
  write(statements: Statement[], isSample: boolean): Promise<WriterAnswer>
}

/** How the environment gives D1. */
export interface DatabaseBindings {
  DB: D1Database
  /** Undefined: every write goes to D1 directly. */
  DATABASE_WRITER: DurableObjectNamespace | undefined
}
