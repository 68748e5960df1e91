/**
 * Copies files of packages into the worker's static assets: Swagger UI, so that /docs loads nothing from elsewhere, and
 * what the check of new passwords needs, so that the worker's bundle stays small.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common'

const FILES = ['swagger-ui-bundle.js', 'swagger-ui.css', 'LICENSE']
/** The list is sorted, the most common first. Later entries are too rare to be a useful part of a longer password. */
const MOST_COMMON = 10_000
/** Entries that are long enough to be a whole password are all kept. */
const WHOLE_PASSWORD_LENGTH = 12

const assets = fileURLToPath(new URL('../src/web/assets/', import.meta.url))

const source = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const target = join(assets, 'swagger')
mkdirSync(target, { recursive: true })
for (const file of FILES) copyFileSync(join(source, file), join(target, file))

const passwords = dictionary['passwords-common'].filter(
  (word, rank) => rank < MOST_COMMON || String(word).length >= WHOLE_PASSWORD_LENGTH,
)
writeFileSync(
  join(assets, 'common-passwords.json'),
  JSON.stringify({ passwords, keyboards: adjacencyGraphs }),
)
