// `npm run verify`: checks a draw from a URL or from files, and reports in plain words which checks hold. Or a ticket's code.

import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { nativeCrypto } from '../src/core/native-crypto.ts'
import { type Check, isProven, plural } from '../src/rdp1/checks.ts'
import { lotteryDrawOf, ticketLabel } from '../src/rdp1/lot1.ts'
import { AnyProof, unitResults } from '../src/rdp1/proof.ts'
import { parseRules } from '../src/rdp1/rules.ts'
import { verifyProof } from '../src/rdp1/verify-proof.ts'
import { verifyTicket } from './verify-ticket.ts'

const USAGE = `Usage: npm run verify -- [options] <URL> [list] [log]
       npm run verify -- [options] <proof> <list> <log>
       npm run verify -- --ticket CODE --key FILE

  <URL>           a proof's URL (https://…/api/v1/raffles/{id}/proof); list, log and keys are found from it
  <proof>         a proof as a file; its list.csv and its log.csv are then needed as files too
  --key FILE      the signing keys, as published in /.well-known/tombola.json
  --receipt FILE  a holder's receipt, to check against the proof
  --ticket CODE   the code of an event's ticket, to check without a connection
  --dev           accept the development beacon, which proves nothing

Exit code: 0 every check holds, 1 a check fails or could not be done, 2 wrong usage.
`

const PROOF_HINT = ' A raffle has a proof from its commitment on; is the address right?'
const CANCELLED = 'The raffle was cancelled.'
const FETCH_TIMEOUT_MS = 60_000
const MARKS = { holds: '✓', fails: '✗', notChecked: '–' } as const
const COLOURS = { holds: '32', fails: '31', notChecked: '33' } as const

/** Ends the run with a message and an exit code: wrong usage (2), or a document that cannot be read (1). */
class Stop extends Error {
  readonly exitCode: 1 | 2
  constructor(message: string, exitCode: 1 | 2) {
    super(message)
    this.exitCode = exitCode
  }
}

interface Documents {
  proof: unknown
  listCsv: string
  logCsv: string
  keys: unknown | null
  receipt: unknown | null
}

interface Arguments {
  source: string
  list: string | undefined
  log: string | undefined
  key: string | undefined
  receipt: string | undefined
  allowDev: boolean
}

async function main(): Promise<number> {
  const args = readArguments(process.argv.slice(2))
  if (args === 'help') {
    print(USAGE)
    return 0
  }
  if ('ticket' in args) {
    const { isGenuine, lines } = verifyTicket(args.ticket, parseJson(await readText(args.key), args.key))
    const [first, ...others] = lines as [string, ...string[]]
    const headline = isGenuine ? colour(`✓ ${first}`, COLOURS.holds) : colour(`✗ ${first}`, COLOURS.fails)
    print(`${[headline, ...others].join('\n')}\n`)
    return isGenuine ? 0 : 1
  }
  const documents = await collect(args)
  const checks = verifyProof({ ...documents, allowDev: args.allowDev }, nativeCrypto)
  print(report(documents.proof, checks))
  return isProven(checks) ? 0 : 1
}

interface TicketArguments {
  ticket: string
  key: string
}

function readArguments(argv: string[]): Arguments | TicketArguments | 'help' {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(argv)
  } catch (error) {
    throw new Stop(`${(error as Error).message}\n\n${USAGE}`, 2)
  }
  const { values, positionals } = parsed
  if (values.help) return 'help'
  const [source, list, log, ...rest] = positionals
  const { ticket, key } = values
  if (ticket !== undefined) {
    if (key === undefined || source !== undefined)
      throw new Stop(`A ticket is checked with --key FILE alone.\n\n${USAGE}`, 2)
    return { ticket, key }
  }
  if (source === undefined) throw new Stop(USAGE, 2)
  if (rest.length > 0) throw new Stop(`Too many arguments: ${rest.join(' ')}\n\n${USAGE}`, 2)
  if (!isUrl(source) && (list === undefined || log === undefined)) {
    throw new Stop(`A proof from a file needs its list and its log as files too.\n\n${USAGE}`, 2)
  }
  return { source, list, log, key: values.key, receipt: values.receipt, allowDev: values.dev }
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      dev: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      key: { type: 'string' },
      receipt: { type: 'string' },
      ticket: { type: 'string' },
    },
  })
}

async function collect(args: Arguments): Promise<Documents> {
  const { source } = args
  const base = isUrl(source) ? proofUrl(source) : null
  const proofText = base === null ? await readText(source) : await fetchText(base, PROOF_HINT)
  return {
    proof: parseJson(proofText, source),
    listCsv: await readOrFetch(args.list, base && beside(base, 'list.csv')),
    logCsv: await readOrFetch(args.log, base && beside(base, 'log.csv')),
    keys: await collectKeys(args.key, base),
    receipt: args.receipt === undefined ? null : parseJson(await readText(args.receipt), args.receipt),
  }
}

async function collectKeys(file: string | undefined, base: URL | null): Promise<unknown | null> {
  if (file !== undefined) return parseJson(await readText(file), file)
  if (base === null) return null
  const url = new URL('/.well-known/tombola.json', base)
  return parseJson(await fetchText(url), url.href)
}

function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source)
}

function proofUrl(source: string): URL {
  if (!URL.canParse(source)) throw new Stop(`Not a URL: ${source}`, 2)
  const url = new URL(source)
  url.pathname = url.pathname.replace(/\/+$/, '')
  return url
}

function beside(base: URL, name: string): URL {
  const url = new URL(base)
  url.pathname += `/${name}`
  return url
}

async function readOrFetch(file: string | undefined, url: URL | null): Promise<string> {
  return file === undefined ? fetchText(url as URL) : readText(file)
}

async function readText(file: string): Promise<string> {
  try {
    return textOf(await readFile(file))
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new Stop(
      missing ? `There is no file ${file}.` : `Cannot read ${file}: ${(error as Error).message}`,
      2,
    )
  }
}

/** The text of a file without its byte-order mark. Windows PowerShell saves what it redirects as UTF-16. */
function textOf(bytes: Uint8Array): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes)
}

async function fetchText(url: URL, hint = ''): Promise<string> {
  let response: Response
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) })
    if (response.ok) return await response.text()
  } catch (error) {
    const cause = (error as Error).cause
    throw new Stop(
      `Cannot reach ${url}: ${cause instanceof Error ? cause.message : (error as Error).message}`,
      1,
    )
  }
  const help = response.status === 404 ? hint : ''
  throw new Stop(`${url} answered ${response.status}.${help}`, 1)
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Stop(`${source} is not JSON.`, 1)
  }
}

function report(document: unknown, checks: readonly Check[]): string {
  const proof = AnyProof.safeParse(document)
  const lines = proof.success ? heading(proof.data) : []
  const width = Math.max(...checks.map(({ name }) => name.length))
  for (const check of checks) lines.push(line(check, width))
  lines.push('')
  if (proof.success) lines.push(...winners(proof.data, isProven(checks)))
  lines.push(summary(checks), '')
  return lines.join('\n')
}

function heading(proof: AnyProof): string[] {
  const rules = rulesOf(proof)
  const title = rules === null ? proof.raffleId : `${rules.title} (${proof.raffleId})`
  const draw = rules && lotteryDrawOf(rules)
  const decider = draw === null ? `round ${proof.round}` : `lottery ${draw.lotteryId} of ${draw.date}`
  return ['', bold(oneLine(title)), oneLine(`${plural(proof.ticketCount, 'ticket')}, ${decider}`), '']
}

function line({ result, name, says }: Check, width: number): string {
  return `${colour(MARKS[result], COLOURS[result])} ${oneLine(name).padEnd(width)}  ${oneLine(says)}`
}

function winners(proof: AnyProof, proven: boolean): string[] {
  const results = unitResults(proof)
  if (results.length === 0) return [proof.cancellation === null ? 'No winners yet.' : CANCELLED, '']
  const rules = rulesOf(proof)
  const prizes = rules?.prizes ?? []
  const draw = rules && lotteryDrawOf(rules)
  const lines = [bold(proven ? 'Winners' : 'Winners, as the proof claims')]
  for (const { unit, attempt, ticket } of results) {
    const title = prizes[Number(unit.split('#')[0]) - 1]?.title ?? '?'
    const who = ticket === null ? 'no winner' : `ticket ${rules ? ticketLabel(rules.draw, ticket) : ticket}`
    const redrawn = attempt === 0 ? '' : `, ${draw ? 'correction' : 'redraw'} ${attempt}`
    lines.push(`  ${unit.padEnd(6)} ${oneLine(title)}: ${who}${redrawn}`)
  }
  if (proof.cancellation !== null) lines.push(`  ${CANCELLED}`)
  return [...lines, '']
}

function summary(checks: readonly Check[]): string {
  const count = (result: Check['result']) => checks.filter((check) => check.result === result).length
  const tally = `${count('holds')} hold, ${count('fails')} fail, ${count('notChecked')} not checked`
  if (isProven(checks)) return colour(`Verified: ${tally}.`, COLOURS.holds)
  if (count('fails') > 0) return colour(`NOT verified: ${tally}.`, COLOURS.fails)
  return colour(`Not fully checked: ${tally}.`, COLOURS.notChecked)
}

function rulesOf(proof: AnyProof) {
  try {
    return parseRules(proof.rules)
  } catch {
    return null
  }
}

/** Titles and reasons are untrusted: their control characters must not reach the reader's terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�')
}

function bold(text: string): string {
  return colour(text, '1')
}

function colour(text: string, code: string): string {
  return process.stdout.isTTY && !process.env.NO_COLOR ? `\u001b[${code}m${text}\u001b[0m` : text
}

function print(text: string): void {
  process.stdout.write(text)
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof Stop)) throw error
  process.stderr.write(`${error.message.trimEnd()}\n`)
  process.exitCode = error.exitCode
}
