/** The product's log while tests run: a test states which faults it provokes, and any other line about a fault fails it. */

export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error'
  message: string
  [field: string]: unknown
}

/** What a line says: its message, or some of its fields; a pattern for what is not known to the letter. */
export type Said = string | RegExp | Record<string, string | number | RegExp>

interface Statement {
  said: Said
  isRequired: boolean
}

// All files share one isolate, and so do the worker and its objects: a line may come from work that outlives its test.
// What was logged since the last check belongs to the next one, so that no line is lost.
let lines: LogLine[] = []
let statements: Statement[] = []

/** States what this test makes the product log, before or after it does; each of them must be logged at least once. */
export function expectLogged(...said: Said[]): void {
  statements.push(...said.map((each) => ({ said: each, isRequired: true })))
}

/** States what this test may make the product log, as often as it comes: for faults by the hundred, or by chance. */
export function allowLogged(...said: Said[]): void {
  statements.push(...said.map((each) => ({ said: each, isRequired: false })))
}

/** What the sweep says of a row that it could not do. */
export const rowNotDone = (kind: string): Said => ({ message: 'sweep: a row was not done', kind })

/** Every line of this test so far. */
export const logged = (): readonly LogLine[] => lines

/** Ends what was logged until now, and throws where it is not what was stated. */
export function checkLog(when: string): void {
  const [about, stated] = [lines, statements]
  lines = []
  statements = []
  const unexpected = about.filter((line) => isFault(line) && !stated.some(({ said }) => says(line, said)))
  const missing = stated.filter(
    ({ said, isRequired }) => isRequired && !about.some((line) => says(line, said)),
  )
  const wrong = [
    ...unexpected.map((line) => `logged ${when}, and not expected:\n${shown(line)}`),
    ...missing.map(({ said }) => `expected to be logged, and not: ${shownAs(said)}`),
  ]
  if (wrong.length > 0) throw new LogFailure(wrong)
}

/** Shows a few: what is wrong once is often wrong a hundred times. */
const MOST_SHOWN = 3

class LogFailure extends Error {
  constructor(wrong: string[]) {
    const more = wrong.length > MOST_SHOWN ? [`and ${wrong.length - MOST_SHOWN} more`] : []
    super([...wrong.slice(0, MOST_SHOWN), ...more].join('\n\n'))
    this.name = 'LogFailure'
    // Where it was noticed helps nobody: the lines say where they come from.
    this.stack = ''
  }
}

const isFault = ({ level }: LogLine): boolean => level === 'error' || level === 'warn'

function says(line: LogLine, said: Said): boolean {
  if (typeof said === 'string' || said instanceof RegExp) return fits(line.message, said)
  return Object.entries(said).every(([field, value]) => fits(line[field], value))
}

const fits = (value: unknown, wanted: string | number | RegExp): boolean =>
  wanted instanceof RegExp ? wanted.test(String(value)) : value === wanted

function shown({ stack, ...line }: LogLine): string {
  return [JSON.stringify(line), ...(typeof stack === 'string' ? [stack] : [])].join('\n')
}

const shownAs = (said: Said): string =>
  JSON.stringify(said, (_, value) => (value instanceof RegExp ? String(value) : value))

const METHODS = ['log', 'info', 'warn', 'error'] as const
const watched = new WeakSet<object>()

/** Takes the lines of the product's logger from the console, and leaves it whatever else is written there. */
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
