/** Builds the client package into a folder, as `npm pack` publishes it. `npm run client` builds it into `dist/client`. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { app } from '../../src/app.ts'
import { apiDocument } from '../api-document/document.ts'
import { type Document, typesOf } from './types.ts'

const ROOT = join(import.meta.dirname, '../..')
const FILES = ['index.js', 'README.md']

/** The types of our own code, before those of the API. */
const CLIENT_TYPES = `import type { Client, ClientOptions } from 'openapi-fetch'

export interface TombolaOptions extends ClientOptions {
  /** The address of the deployment: \`https://raffles.example\`. */
  baseUrl: string
  /** An access token or an API key, or a function that returns the present one; null: none. Sent as a bearer token. */
  token?: string | (() => string | null)
}

/** A client of one deployment. Each call resolves to \`{ data, error, response }\`; it rejects only if nothing answers. */
export declare function createClient(options: TombolaOptions): Client<paths>
`

export function buildClient(folder: string): void {
  const { version, license, dependencies, devDependencies } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  )
  mkdirSync(folder, { recursive: true })
  for (const file of FILES) copyFileSync(join(import.meta.dirname, file), join(folder, file))
  copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'))
  const types = typesOf(apiDocument(app) as unknown as Document)
  writeFileSync(join(folder, 'index.d.ts'), `${CLIENT_TYPES}\n${types}`)
  const manifest = {
    name: 'tombola-client',
    version,
    description: 'A typed client of the API of Tombola: raffles, lucky draws, event tickets and a shop.',
    license,
    type: 'module',
    exports: { '.': { types: './index.d.ts', default: './index.js' } },
    files: ['index.js', 'index.d.ts'],
    engines: { node: '>=20' },
    dependencies: { 'openapi-fetch': { ...dependencies, ...devDependencies }['openapi-fetch'] },
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}

if (import.meta.main) {
  const folder = join(ROOT, 'dist/client')
  buildClient(folder)
  console.log(`The client package is in dist/client. Try it: npm pack ./dist/client`)
}
