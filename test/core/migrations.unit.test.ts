// Migrations run before the deployment that needs them, so the previous version of the worker must run on the new tables.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const FOLDER = join(import.meta.dirname, '../../migrations')
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.sql'))

it.each(FILES)('%s renames and drops no column', (file) => {
  expect(readFileSync(join(FOLDER, file), 'utf8')).not.toMatch(/\b(RENAME|DROP) COLUMN\b/i)
})
