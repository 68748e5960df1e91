import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

// The other tests call the worker directly, so they would not notice that the platform answers before it.
it('the worker runs before the assets', () => {
  const config = readFileSync(join(import.meta.dirname, '../../wrangler.toml'), 'utf8')
  const assets = /^\[assets\]\n(?:(?!\[).*\n)*/m.exec(config)?.[0]
  expect(assets).toMatch(/^run_worker_first = true$/m)
})
