// A backup that was never restored is none: an export of a database with all migrations, imported into a new one.
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { expect, it } from 'vitest'
import { unstable_splitSqlQuery } from 'wrangler'
import { startGroup } from '../../scripts/process-group.ts'
import { ROOT } from '../../scripts/wrangler.ts'

const NAME = "O'Neil;\r\nof; \n\nCREATE TABLE Road\nEND;"

it('an export can be imported in the order of `npm run order-export`', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tombola-export-'))
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: 'export default {}',
      d1Databases: { OLD: 'old', NEW: 'new' },
      cf: false,
      telemetry: { enabled: false },
    }),
  )
  try {
    const [old, other] = [await runtime.getD1Database('OLD'), await runtime.getD1Database('NEW')]
    await migrate(old)
    await old.batch([
      old
        .prepare(
          "INSERT INTO organisations (id, slug, name, created_at, updated_at) VALUES ('org_1', 'a', ?, 1, 1)",
        )
        .bind(NAME),
      old
        .prepare(
          "INSERT INTO users (id, email, name, password_hash, created_at, updated_at) VALUES ('user_1', 'a@b.example', ?, 'x', 1, 1)",
        )
        .bind(NAME),
      // A trigger revokes the member's tokens, once.
      old.prepare(
        "INSERT INTO members (organisation_id, user_id, role, created_at) VALUES ('org_1', 'user_1', 'operator', 1)",
      ),
    ])
    const before = await exportOf(old)
    await expect(importInto(other, before)).rejects.toThrow('no such table')

    const [from, to] = [join(folder, 'export.sql'), join(folder, 'restore.sql')]
    await writeFile(from, before)
    await orderExport(from, to)
    await importInto(other, await readFile(to, 'utf8'))
    expect((await exportOf(other)).split('\n').sort()).toEqual(before.split('\n').sort())
    expect(await other.prepare('SELECT count(*) AS n FROM revocations').first('n')).toBe(1)
  } finally {
    await runtime.dispose()
    await rm(folder, { recursive: true, force: true })
  }
})

type Database = Awaited<ReturnType<Miniflare['getD1Database']>>

async function migrate(database: Database): Promise<void> {
  const files = readdirSync(join(ROOT, 'migrations')).filter((file) => file.endsWith('.sql'))
  for (const file of files.sort()) {
    const statements = readFileSync(join(ROOT, 'migrations', file), 'utf8').split('--> statement-breakpoint')
    await database.batch(statements.map((statement) => database.prepare(statement)))
  }
}

/** What `wrangler d1 export --local` writes. */
async function exportOf(database: Database): Promise<string> {
  const [lines] = await database.prepare('PRAGMA miniflare_d1_export(?,?,?);').bind(0, 0).raw<string[]>()
  return lines!.join('\n')
}

/** One transaction, as an import is. */
async function importInto(database: Database, text: string): Promise<void> {
  await database.batch(unstable_splitSqlQuery(text).map((statement) => database.prepare(statement)))
}

async function orderExport(from: string, to: string): Promise<void> {
  const lines: string[] = []
  const script = startGroup(process.execPath, [join(ROOT, 'scripts/order-export.ts'), from, to], {
    cwd: ROOT,
    env: process.env,
    onLine: (line) => lines.push(line),
  })
  expect(await script.ended, lines.join('\n')).toBe(0)
}
