import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { lazy } from '../../src/core/lazy.ts'

const ROOT = join(import.meta.dirname, '../..')
const SOURCES = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(join(ROOT, 'src', path), 'utf8') }))
const HARNESS = readFileSync(join(ROOT, 'test/harness/lazy-modules.ts'), 'utf8')
const LAZY = /export const (\w+) = lazy\(.*\)/g

it('loads a module once, and again if it could not be loaded', async () => {
  let loads = 0
  const load = lazy(async () => {
    if (++loads === 1) throw new Error('not yet')
    return { loads }
  })
  await expect(load()).rejects.toThrow('not yet')
  expect(await load()).toEqual({ loads: 2 })
  expect(await load()).toEqual({ loads: 2 })
})

it('is the only way in which the worker imports at a later time', () => {
  const others = SOURCES.filter(({ text }) => /\bimport\(/.test(text.replace(LAZY, ''))).map(
    ({ path }) => path,
  )
  expect(others).toEqual([])
})

it('has loaded every such module before a test begins', () => {
  const names = SOURCES.flatMap(({ text }) => Array.from(text.matchAll(LAZY), ([, name]) => `${name}()`))
  expect(names.length).toBeGreaterThan(0)
  for (const name of names) expect(HARNESS).toContain(name)
})
