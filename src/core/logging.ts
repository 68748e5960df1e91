/** Structured logs: one JSON object per line. Fields hold names, ids and numbers, never personal data. */

const LEVELS = { debug: 10, info: 20, warn: 30, error: 40, silent: 99 } as const
export type LogLevel = keyof typeof LEVELS
export const LOG_LEVELS = Object.keys(LEVELS) as [LogLevel, ...LogLevel[]]

type Fields = Record<string, string | number | boolean | null | undefined>

/** Writes lines at or above a level. Each line carries `base` (such as the request id) and its own fields. */
export class Logger {
  readonly #least: number
  readonly #base: Fields

  constructor(level: LogLevel, base: Fields = {}) {
    this.#least = LEVELS[level]
    this.#base = base
  }

  debug(message: string, fields?: Fields): void {
    this.#write('debug', message, fields)
  }

  info(message: string, fields?: Fields): void {
    this.#write('info', message, fields)
  }

  warn(message: string, fields?: Fields): void {
    this.#write('warn', message, fields)
  }

  /** `error` may be any thrown value; `describeError` decides which of its fields are logged. */
  error(message: string, { error, ...fields }: { error?: unknown } & Record<string, unknown> = {}): void {
    const described = error === undefined ? {} : describeError(error)
    this.#write('error', message, { ...(fields as Fields), ...described })
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Fields): void {
    if (LEVELS[level] < this.#least) return
    const line = JSON.stringify({ level, message, ...this.#base, ...fields })
    // biome-ignore lint/suspicious/noConsole: the platform collects the console; this is its one writer
    console[level === 'debug' ? 'log' : level](line)
  }
}

/**
 * An error as log fields. A failed query's own message holds the SQL **and its parameters** (e-mail addresses,
 * hashes). So a failed query logs only its cause: D1's message, which has no values.
 */
function describeError(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: typeof error }
  if (error instanceof AggregateError) {
    const parts = error.errors.map(describeError).map((part) => `${part.error}: ${part.reason}`)
    return { error: error.name, reason: parts.join('; ') }
  }
  if (error.name === 'DrizzleQueryError' || 'query' in error) {
    const cause = error.cause instanceof Error ? error.cause.message : 'unknown'
    return { error: 'DatabaseError', reason: cause }
  }
  return { error: error.name, reason: error.message, stack: error.stack }
}
