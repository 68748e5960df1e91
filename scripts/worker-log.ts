/** Makes the worker's log readable: shortens its JSON lines, and drops wrangler's duplicates. */
import { stripVTControlCharacters } from 'node:util'

type Fields = Record<string, unknown>

const ENTRY = /\{"level":.*\}/
/** Wrangler's own line about a request repeats the worker's. */
const REPEATED = /^\[wrangler:info\] [A-Z]+ /

/** One line of wrangler's output as it is shown. Undefined: it is not shown. */
export function readableLine(line: string, now = new Date()): string | undefined {
  const text = stripVTControlCharacters(line).trimEnd()
  if (text.trim() === '' || REPEATED.test(text)) return undefined
  const entry = parseEntry(text)
  return entry === undefined
    ? text
    : `${clock(now)}  ${entry.message === 'request' ? request(entry) : event(entry)}`
}

function parseEntry(text: string): Fields | undefined {
  const json = ENTRY.exec(text)?.[0]
  if (json === undefined) return undefined
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const clock = (now: Date): string => now.toTimeString().slice(0, 8)

const request = ({ method, status, route, durationMs }: Fields): string =>
  `${String(method).padEnd(6)} ${status}  ${route}  ${durationMs} ms`

function event({ level, message, stack, ...fields }: Fields): string {
  const details = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${value}`)
  const heading = [level === 'info' ? '' : `${String(level).toUpperCase()} `, message].join('')
  const trace = typeof stack === 'string' ? stack.split('\n').slice(1) : []
  return [[heading, ...details].join('  '), ...trace.map((frame) => `            ${frame.trim()}`)].join('\n')
}
