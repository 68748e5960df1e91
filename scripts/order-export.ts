/**
 * `npm run order-export -- IN OUT`: orders an export of the database so that it can be imported. D1 exports tables in the
 * order in which they were last made, and refuses a row whose table refers to one that does not exist yet. A trigger
 * must not act on imported rows, as their effects are in the export too.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** What comes first, second and last. */
const PARTS: readonly ((statement: string) => boolean)[] = [
  isTable,
  (each) => !isTable(each) && !isTrigger(each),
  isTrigger,
]

/** The statements of `read`, which is called once for each part: so an export of any size takes little memory. */
export async function* orderExport(read: () => AsyncIterable<string>): AsyncGenerator<string> {
  for (const belongs of PARTS) {
    for await (const statement of statementsOf(read())) if (belongs(statement)) yield statement
  }
}

/** Foreign keys are checked at the end, so that statement goes with the tables. */
function isTable(statement: string): boolean {
  return /^(?:PRAGMA|CREATE\s+TABLE)\b/i.test(statement)
}

function isTrigger(statement: string): boolean {
  return /^CREATE\s+TRIGGER\b/i.test(statement)
}

/** Only a line feed ends a line: a text may contain other line ends, which must stay. */
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    yield* lines
  }
  if (rest !== '') yield rest
}

/** A statement ends with a line that ends with `;` outside of a text; a trigger with `END;`. */
async function* statementsOf(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let statement = ''
  let quotes = 0
  for await (const line of lines) {
    if (statement === '' && line.trim() === '') continue
    statement += statement === '' ? line : `\n${line}`
    quotes += line.split("'").length - 1
    const isWhole = quotes % 2 === 0 && (isTrigger(statement) ? /\bEND;\s*$/i : /;\s*$/).test(line)
    if (!isWhole) continue
    yield statement
    statement = ''
    quotes = 0
  }
  if (statement !== '') throw new Error(`The export ends within a statement: ${statement.slice(0, 60)}`)
}

if (import.meta.main) {
  const [from, to] = process.argv.slice(2)
  if (from === undefined || to === undefined || from === to) {
    console.error('Name two files: npm run order-export -- tombola.sql restore.sql')
    process.exit(1)
  }
  const read = () => linesOf(createReadStream(from, 'utf8'))
  async function* lines() {
    for await (const statement of orderExport(read)) yield `${statement}\n`
  }
  await pipeline(Readable.from(lines()), createWriteStream(to))
  console.log(`${to} is ready to be imported.`)
}
