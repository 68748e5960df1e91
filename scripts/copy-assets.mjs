/** Copies Swagger UI from its package into the worker's static assets, so that /docs loads nothing from elsewhere. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FILES = ['swagger-ui-bundle.js', 'swagger-ui.css', 'LICENSE']

const source = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const target = fileURLToPath(new URL('../src/web/assets/swagger/', import.meta.url))

mkdirSync(target, { recursive: true })
for (const file of FILES) copyFileSync(join(source, file), join(target, file))
