/** The lint rules for imports: files that break a rule are refused, files that follow it pass. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const ONE_WAY = 'lint/style/noRestrictedImports'
const BINDING = 'plugin'

/** Files that the linter must refuse, and the rule that each one breaks. */
const REFUSED: [name: string, file: string, source: string, rule: string][] = [
  ['core imports a domain', 'src/core/a.ts', "export * from '../raffles/terms.ts'", ONE_WAY],
  [
    'core imports a domain for its types',
    'src/core/b.ts',
    "export type * from '../accounts/contract.ts'",
    ONE_WAY,
  ],
  ['core imports the app', 'src/core/c.ts', "export { app } from '../app.ts'", ONE_WAY],
  ['a domain imports the app', 'src/raffles/a.ts', "export { app } from '../app.ts'", ONE_WAY],
  ['a domain imports the cron', 'src/draws/a.ts', "export { runSweep } from '../cron.ts'", ONE_WAY],
  ['a domain imports the entry', 'src/tickets/a.ts', "export * from '../index.ts'", ONE_WAY],
  ['a file deep in a domain imports the app', 'src/draws/rdp1/a.ts', "export * from '../../app.ts'", ONE_WAY],
  ['a domain imports a web page', 'src/raffles/b.ts', "export * from '../web/page.tsx'", ONE_WAY],
  ["a domain imports another's routes", 'src/raffles/c.ts', "export * from '../tickets/routes.ts'", ONE_WAY],
  ['routes with a longer name', 'src/raffles/d.ts', "export * from '../accounts/auth-routes.ts'", ONE_WAY],
  ['a domain that does not exist yet', 'src/zebra/a.ts', "export * from '../app.ts'", ONE_WAY],
  ['a page imports the entry', 'src/web/a.ts', "export * from '../index.ts'", ONE_WAY],
  ['the app imports the entry', 'src/app.ts', "export * from './index.ts'", ONE_WAY],
  [
    'a raffle verb reads the binding with a dot',
    'src/raffles/e.ts',
    'export const f = (env: Env) => env.TICKET_POOL',
    BINDING,
  ],
  [
    'a draw verb reads the binding by its name',
    'src/draws/b.ts',
    "export const f = (env: Env) => env['TICKET_POOL']",
    BINDING,
  ],
  [
    'the cron destructures the binding',
    'src/cron.ts',
    'export const f = ({ TICKET_POOL: pool }: Env) => pool',
    BINDING,
  ],
]

const ALLOWED: [name: string, file: string, source: string][] = [
  ['core imports core', 'src/core/ok.ts', "export * from './errors.ts'"],
  ['a domain imports core', 'src/raffles/ok.ts', "export * from '../core/errors.ts'"],
  ["a domain imports another's verb", 'src/raffles/verb.ts', "export * from '../tickets/client.ts'"],
  ['the app imports routes', 'src/app-like.ts', "export * from './accounts/auth-routes.ts'"],
  ['a page imports a verb', 'src/web/ok.ts', "export * from '../raffles/read-raffle.ts'"],
  [
    "the pool's client uses the binding",
    'src/tickets/client.ts',
    'export const f = (e: Env) => e.TICKET_POOL',
  ],
]

let folder: string
/** The broken rules of each file. */
let broken: Map<string, string[]>

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tombola-import-rules-'))
  for (const each of ['.biome.json', '.biome', '.gitignore'])
    cpSync(join(ROOT, each), join(folder, each), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const [, file, source] of [...REFUSED, ...ALLOWED]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), `${source}\n`)
  }
  broken = lint(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the linter refuses when', () => {
  test.each(REFUSED)('%s', (_name, file, _source, rule) => {
    expect(broken.get(file)).toContain(rule)
  })
})

describe('the linter allows that', () => {
  test.each(ALLOWED)('%s', (_name, file) => {
    expect(broken.get(file) ?? []).toEqual([])
  })
})

function lint(root: string): Map<string, string[]> {
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome')
  const { stdout } = spawnSync(
    process.execPath,
    [biome, 'lint', '--reporter=github', '--max-diagnostics=200', 'src'],
    { cwd: root, encoding: 'utf8' },
  )
  const rules = new Map<string, string[]>()
  for (const [, rule, file] of stdout.matchAll(/^::\w+ title=([^,]+),file=([^,]+),/gm)) {
    rules.set(file!, [...(rules.get(file!) ?? []), rule!])
  }
  return rules
}
