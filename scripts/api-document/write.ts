/** Writes the API document to `src/web/assets/openapi.json`. Wrangler runs it before each build (`[build]` in wrangler.toml). */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { app } from '../../src/app.ts'
import { apiDocument } from './document.ts'

const FILE = join(import.meta.dirname, '../../src/web/assets/openapi.json')

const text = JSON.stringify(apiDocument(app))
// Wrangler watches the folder: an unchanged file must not look like a change.
if (text !== currentText()) writeFileSync(FILE, text)

function currentText(): string | null {
  try {
    return readFileSync(FILE, 'utf8')
  } catch {
    return null
  }
}
