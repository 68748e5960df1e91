/** The rules of the linter about imports, bindings and length: proven to bite by files that break them. */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { DEPTHS, importRules } from '../../scripts/import-rules.ts'
import { LAYERS } from '../../scripts/layers.ts'

const ROOT = join(import.meta.dirname, '../..')
const IMPORT = 'lint/style/noRestrictedImports'
const CYCLE = 'lint/suspicious/noImportCycles'
const LENGTH = 'lint/style/noExcessiveLinesPerFile'
const NODE = 'lint/correctness/noNodejsModules'
const BINDING = 'plugin'

const FOLDERS = LAYERS.map(({ folder }) => folder)
const FOLDER_FILES = FOLDERS.map((folder) => `${folder}/x.ts`)
/** What a file could import from `src/`: a file of each folder, one of a folder without a row, and those in none. */
const TARGETS = [...FOLDER_FILES, 'zebra/x.ts', 'app.ts', 'cron.ts', 'index.ts']

/** What must be refused, and by which rule. */
const REFUSED: [name: string, file: string, source: string, rule: string][] = [
  ['a folder without a row imports core', 'src/zebra/a.ts', "export * from '../core/errors.ts'", IMPORT],
  ['a folder without a row imports a package', 'src/zebra/b.ts', "export * from 'hono'", IMPORT],
  ['a file is deeper than the rules go', 'src/core/a/b/c/d.ts', "export * from './e.ts'", IMPORT],
  ['a new file stands beside the app', 'src/worker.ts', "export * from './core/errors.ts'", IMPORT],
  ['the sweep imports routes', 'src/cron.ts', "export * from './draws/routes.ts'", IMPORT],
  ["a domain imports another's routes", 'src/raffles/a.ts', "export * from '../tickets/routes.ts'", IMPORT],
  ['routes with a longer name', 'src/raffles/b.ts', "export * from '../accounts/auth-routes.ts'", IMPORT],
  ['routes in a nested folder', 'src/grants/a.ts', "export * from '../raffles/series/routes.ts'", IMPORT],
  ['routes from a nested folder', 'src/orders/lines/a.ts', "export * from '../../raffles/routes.ts'", IMPORT],
  ['a page imports a table', 'src/web/a.ts', "export * from '../raffles/schema.ts'", IMPORT],
  ['a domain imports a test', 'src/raffles/c.ts', "export * from '../../test/raffles/scenario.ts'", IMPORT],
  ['a detour by another folder', 'src/grants/b.ts', "export * from '../accounts/../draws/x.ts'", IMPORT],
  ['the app imports a script', 'src/app.ts', "export * from '../scripts/start.ts'", IMPORT],
  ['a call imports', 'src/grants/d.ts', "export const draws = () => import('../draws/x.ts')", IMPORT],

  ['two files import each other', 'src/draws/cycle-a.ts', "export * from './cycle-b.ts'", CYCLE],
  ['the second of the two', 'src/draws/cycle-b.ts', "export * from './cycle-a.ts'", CYCLE],
  ['types import each other', 'src/draws/types-a.ts', "export type * from './types-b.ts'", CYCLE],
  ['the second of the types', 'src/draws/types-b.ts', "export type * from './types-a.ts'", CYCLE],

  ['a file has 301 lines', 'src/raffles/long.ts', lines(301), LENGTH],
  ['the draw protocol needs Node', 'src/rdp1/a.ts', "export { hash } from 'node:crypto'", NODE],

  ['TICKET_POOL, by a dot', 'src/raffles/d.ts', 'export const f = (env: Env) => env.TICKET_POOL', BINDING],
  ['TICKET_POOL, by a name', 'src/draws/a.ts', "export const f = (env: Env) => env['TICKET_POOL']", BINDING],
  [
    'TICKET_POOL, taken apart',
    'src/cron.ts',
    'export const f = ({ TICKET_POOL: pool }: Env) => pool',
    BINDING,
  ],
  ['DB, by a dot', 'src/raffles/e.ts', 'export const f = (env: Env) => env.DB', BINDING],
  ['DB, by a name', 'src/draws/b.ts', "export const f = (env: Env) => env['DB']", BINDING],
  ['DB in the Durable Object', 'src/tickets/object/b.ts', 'export const f = (env: Env) => env.DB', BINDING],
  ['DB, taken apart', 'src/core/b.ts', 'export const f = ({ DB: database }: Env) => database', BINDING],
]

const ALLOWED: [name: string, file: string, source: string][] = [
  ['a domain imports a verb', 'src/raffles/ok-verb.ts', "export * from '../tickets/client.ts'"],
  ['a domain imports its own routes', 'src/raffles/ok-routes.ts', "export * from './series/routes.ts'"],
  ['a nested folder imports its own domain', 'src/raffles/series/ok.ts', "export * from '../contract.ts'"],
  ['a page imports a verb', 'src/web/ok.ts', "export * from '../raffles/read-raffle.ts'"],
  ['an admission line is one of the lines', 'src/orders/ok.ts', "export * from './lines/index.ts'"],
  ['a file has 300 lines', 'src/raffles/ok-long.ts', lines(300)],
  ['a table of tests is long', 'test/raffles/long.test.ts', lines(301)],
  ['TICKET_POOL in its client', 'src/tickets/client.ts', 'export const f = (e: Env) => e.TICKET_POOL'],
  ['DB in the context', 'src/core/context.ts', 'export const f = (e: Env) => e.DB'],
  ['DB in the writer', 'src/core/writer/ok.ts', 'export const f = (e: Env) => e.DB'],
]

/** One file that imports every target, for its code and for its types, and what of that it may. */
interface Importer {
  file: string
  /** The way from the file to `src/`. */
  src: string
  mayImport: readonly string[]
}

const DOMAINS: Importer[] = LAYERS.flatMap(({ folder, imports }) =>
  DEPTHS.map((depth) => ({
    file: `src/${folder}/${'nested/'.repeat(depth - 1)}every-import.ts`,
    src: '../'.repeat(depth),
    mayImport: imports.map((each) => `${each}/x.ts`),
  })),
)
const COMPOSITION: Importer[] = [
  { file: 'src/app.ts', src: './', mayImport: FOLDER_FILES },
  { file: 'src/cron.ts', src: './', mayImport: FOLDER_FILES },
  { file: 'src/index.ts', src: './', mayImport: [...FOLDER_FILES, 'app.ts', 'cron.ts'] },
]

const importsOf = (src: string, targets: readonly string[]): string[] =>
  targets.flatMap((target) => [`export * from '${src}${target}'`, `export type * from '${src}${target}'`])

/** The lines of each file that the linter sees; a refusal names its line. */
const written = new Map<string, string[]>()
const refusals = new Map<string, { line: string; rule: string }[]>()

beforeAll(() => {
  for (const { file, src } of [...DOMAINS, ...COMPOSITION]) write(file, importsOf(src, TARGETS))
  for (const [, file, source] of [...REFUSED, ...ALLOWED]) write(file, source.split('\n'))
  lint()
})

describe('the table of layers', () => {
  test('has a row for each folder of src, and no other', () => {
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((each) =>
      each.isDirectory(),
    )
    expect(FOLDERS.toSorted()).toEqual(folders.map(({ name }) => name).toSorted())
  })

  test('lets a folder import only what has a row above its own', () => {
    for (const [row, { folder, imports }] of LAYERS.entries())
      expect(FOLDERS.slice(0, row), folder).toEqual(expect.arrayContaining([...imports]))
  })

  test('is what the linter reads; after a change of the table: npm run layers', () => {
    expect(readFileSync(join(ROOT, '.biome/import-rules.json'), 'utf8')).toBe(importRules())
  })
})

describe('of all that could be imported, the linter lets pass only what the table names, in', () => {
  test.each([...DOMAINS, ...COMPOSITION])('$file', ({ file, src, mayImport }) => {
    const refused = refusals.get(file)?.filter(({ rule }) => rule === IMPORT) ?? []
    const expected = importsOf(
      src,
      TARGETS.filter((target) => !mayImport.includes(target)),
    )
    expect(refused.map(({ line }) => line)).toEqual(expect.arrayContaining(expected))
    for (const line of importsOf(src, mayImport)) expect(refused.map((each) => each.line)).not.toContain(line)
  })
})

describe('the linter refuses when', () => {
  test.each(REFUSED)('%s', (_name, file, source, rule) => {
    expect(refusals.get(file)).toContainEqual({ line: source.split('\n')[0], rule })
  })
})

describe('the linter lets pass that', () => {
  test.each(ALLOWED)('%s', (_name, file) => {
    expect(refusals.get(file) ?? []).toEqual([])
  })
})

function write(file: string, lines: string[]): void {
  written.set(file, [...(written.get(file) ?? []), ...lines])
}

function lines(count: number): string {
  return Array.from({ length: count }, (_, index) => `export const line${index} = ${index}`).join('\n')
}

/** Fills `refusals`: one run of the linter, as the repository configures it, over a folder of nothing but `written`. */
function lint(): void {
  const folder = mkdtempSync(join(tmpdir(), 'tombola-import-rules-'))
  try {
    for (const each of ['.biome.json', '.biome', '.gitignore'])
      cpSync(join(ROOT, each), join(folder, each), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    for (const [file, lines] of written) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), `${lines.join('\n')}\n`)
    }
    const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome')
    const { stdout } = spawnSync(
      process.execPath,
      [
        biome,
        'lint',
        '--reporter=github',
        '--diagnostic-level=error',
        '--max-diagnostics=none',
        'src',
        'test',
      ],
      { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
    )
    for (const [, rule, file, line] of stdout.matchAll(/^::error title=([^,]+),file=([^,]+),line=(\d+),/gm)) {
      const refusal = { line: written.get(file!)![Number(line) - 1]!, rule: rule! }
      refusals.set(file!, [...(refusals.get(file!) ?? []), refusal])
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
