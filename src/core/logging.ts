/** Structured logs, one JSON object a line; fields are names, ids and numbers, never personal data. */

const LEVELS = { debug: 10, info: 20, warn: 30, error: 40, silent: 99 } as const
export type LogLevel = keyof typeof LEVELS
export const LOG_LEVELS = Object.keys(LEVELS) as [LogLevel, ...LogLevel[]]

type Fields = Record<string, string | number | boolean | null | undefined>

export interface Logger {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  /** `error` may be anything that was thrown; `describeError` says what of it is written. */
  error(message: string, fields?: { error?: unknown } & Record<string, unknown>): void
}

/** Makes a logger that adds `base` (such as the request id) to every line. */
export function createLogger(level: LogLevel, base: Fields = {}): Logger {
  const write = (at: LogLevel, message: string, fields: Fields = {}) => {
    if (LEVELS[at] < LEVELS[level]) return
    const line = JSON.stringify({ level: at, message, ...base, ...fields })
    // biome-ignore lint/suspicious/noConsole: the platform collects the console; this is its one writer
    console[at === 'debug' || at === 'silent' ? 'log' : at](line)
  }
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, { error, ...fields } = {}) =>
      write('error', message, {
        ...(fields as Fields),
        ...(error === undefined ? {} : describeError(error)),
      }),
  }
}

/**
 * An error as log fields. A failed query's own message holds the SQL **and its parameters** (e-mail addresses,
 * hashes), so for one only its cause (the database's message, which has no values) is written.
 */
export function describeError(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: typeof error }
  if (error.name === 'DrizzleQueryError' || 'query' in error) {
    const cause = error.cause instanceof Error ? error.cause.message : 'unknown'
    return { error: 'DatabaseError', reason: cause }
  }
  return { error: error.name, reason: error.message, stack: error.stack }
}
