/** The product's log in tests: a test declares the faults that it provokes, and any other logged fault fails it. */

export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error'
  message: string
  [field: string]: unknown
}

/** Which lines match: by their message, or by some of their fields. */
export type LogPattern = string | RegExp | Record<string, string | number | RegExp>

interface Expectation {
  pattern: LogPattern
  isRequired: boolean
}

// All test files, the worker and its objects share one isolate, so work that outlives its test may still log a line.
// Each check therefore covers every line since the last one: no line is lost.
let lines: LogLine[] = []
let expectations: Expectation[] = []

/** Declares faults that this test provokes; it may do so after they happen. Each must be logged at least once. */
export function expectLogged(...patterns: LogPattern[]): void {
  expectations.push(...patterns.map((pattern) => ({ pattern, isRequired: true })))
}

/** Declares faults that this test may provoke, any number of times: for faults that depend on chance. */
export function allowLogged(...patterns: LogPattern[]): void {
  expectations.push(...patterns.map((pattern) => ({ pattern, isRequired: false })))
}

/** The line that a sweep logs if it fails to process a row. */
export const rowNotDone = (kind: string): LogPattern => ({ message: 'sweep: a row was not done', kind })

/** Every line of the current test so far. */
export const logged = (): readonly LogLine[] => lines

/** Clears the log, and throws if its faults are not the declared ones. `when` says in the error when they were logged. */
export function checkLog(when: string): void {
  const [written, declared] = [lines, expectations]
  lines = []
  expectations = []
  const unexpected = written.filter(
    (line) => isFault(line) && !declared.some(({ pattern }) => matches(line, pattern)),
  )
  const missing = declared.filter(
    ({ pattern, isRequired }) => isRequired && !written.some((line) => matches(line, pattern)),
  )
  const wrong = [
    ...unexpected.map((line) => `logged ${when} without being expected:\n${shown(line)}`),
    ...missing.map(({ pattern }) => `expected, but not logged: ${textOf(pattern)}`),
  ]
  if (wrong.length > 0) throw new LogFailure(wrong)
}

/** A few are enough: the same fault is often logged a hundred times. */
const MOST_SHOWN = 3

class LogFailure extends Error {
  constructor(wrong: string[]) {
    const more = wrong.length > MOST_SHOWN ? [`and ${wrong.length - MOST_SHOWN} more`] : []
    super([...wrong.slice(0, MOST_SHOWN), ...more].join('\n\n'))
    this.name = 'LogFailure'
    // The stack of this check helps nobody. Each line has the stack of its own fault.
    this.stack = ''
  }
}

const isFault = ({ level }: LogLine): boolean => level === 'error' || level === 'warn'

function matches(line: LogLine, pattern: LogPattern): boolean {
  if (typeof pattern === 'string' || pattern instanceof RegExp) return fits(line.message, pattern)
  return Object.entries(pattern).every(([field, value]) => fits(line[field], value))
}

const fits = (value: unknown, wanted: string | number | RegExp): boolean =>
  wanted instanceof RegExp ? wanted.test(String(value)) : value === wanted

function shown({ stack, ...line }: LogLine): string {
  return [JSON.stringify(line), ...(typeof stack === 'string' ? [stack] : [])].join('\n')
}

const textOf = (pattern: LogPattern): string =>
  JSON.stringify(pattern, (_, value) => (value instanceof RegExp ? String(value) : value))

const METHODS = ['log', 'info', 'warn', 'error'] as const
const watched = new WeakSet<object>()

/** Takes the product's log lines off the console. Other output still reaches it. */
export function watchConsole(): void {
  for (const method of METHODS) {
    // biome-ignore lint/suspicious/noConsole: it is what the product's logger writes to
    const write = console[method]
    if (watched.has(write)) continue
    const watch = (...values: unknown[]): void => {
      const line = lineOf(values)
      if (line === null) write.apply(console, values)
      else lines.push(line)
    }
    watched.add(watch)
    console[method] = watch
  }
}

function lineOf([value]: unknown[]): LogLine | null {
  if (typeof value !== 'string' || !value.startsWith('{"level":')) return null
  return JSON.parse(value)
}
