// rdp1 runs in a browser: bundled for browsers, it verifies a proof without any global of Node.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createContext, Script } from 'node:vm'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it, test } from 'vitest'
import type { Check } from '../../src/rdp1/checks.ts'
import { keys, publish, receiptOf } from './proof-fixture.ts'

const RDP1 = join(import.meta.dirname, '../../src/rdp1')
const BOUND_MS = 20_000

const withoutComments = (source: string) => source.replace(/^\s*(\/\/|\/?\*).*$/gm, '')

test.each(readdirSync(RDP1))('%s uses no module and no global of Node', (file) => {
  const source = withoutComments(readFileSync(join(RDP1, file), 'utf8'))
  expect(source).not.toMatch(/['"]node:|\b(Buffer|process|require|global|__dirname)\b/)
})

describe('the verifier in a browser', () => {
  let script: Script

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: [join(RDP1, 'verify-proof.ts')],
      bundle: true,
      platform: 'browser',
      format: 'iife',
      globalName: 'rdp1',
      write: false,
    })
    script = new Script((outputFiles[0] as { text: string }).text)
  }, BOUND_MS)

  /** Runs in its own realm, with the language and the encoders of a browser; documents cross as text. */
  function verifiedInBrowser(input: object): Check[] {
    const context = createContext({ TextEncoder, TextDecoder, input: JSON.stringify(input) })
    script.runInContext(context)
    const nodes = 'typeof process + typeof Buffer + typeof require + typeof global'
    expect(new Script(nodes).runInContext(context)).toBe('undefined'.repeat(4))
    const verify = new Script('JSON.stringify(rdp1.verifyProof(JSON.parse(input)))')
    return JSON.parse(verify.runInContext(context)) as Check[]
  }

  const published = publish()
  const { proof, listCsv, logCsv } = published
  const input = { proof, listCsv, logCsv, keys, receipt: receiptOf(published), allowDev: true }
  const notHolding = (checks: Check[]) =>
    checks.filter(({ result }) => result !== 'holds').map(({ name }) => name)

  it(
    'finds that everything in a genuine proof holds',
    () => {
      const checks = verifiedInBrowser(input)
      expect(notHolding(checks)).toEqual([])
      expect(checks.map(({ name }) => name)).toContain('draw winners')
    },
    BOUND_MS,
  )

  it(
    'refuses an altered signature, an altered list and an altered winner',
    () => {
      const [attempt] = proof.attempts
      const [winner, ...others] = attempt?.winners ?? []
      const winners = [{ ...winner, ticket: (winner?.ticket ?? 0) + 1 }, ...others]
      const altered = {
        ...input,
        receipt: null,
        listCsv: listCsv.replace(/[0-9a-f]{64}/, '00'.repeat(32)),
        proof: { ...proof, commitmentSignature: '00'.repeat(64), attempts: [{ ...attempt, winners }] },
      }
      expect(notHolding(verifiedInBrowser(altered))).toEqual(
        expect.arrayContaining(['commitment signature', 'list', 'draw winners']),
      )
    },
    BOUND_MS,
  )
})
