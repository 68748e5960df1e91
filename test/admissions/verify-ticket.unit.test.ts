// `npm run verify -- --ticket`: anybody can check a ticket with the published keys, without a connection.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOf } from '../../src/admissions/code.ts'
import { signingKeyFromSeed } from '../../src/core/native-crypto.ts'
import { reservationId } from '../../src/tickets/reservation-id.ts'

const SCRIPT = join(import.meta.dirname, '../../scripts/verify.ts')
/** The command starts Node. */
const BOUND_MS = 60_000

const key = signingKeyFromSeed('11'.repeat(32))
const POOL = '2ab00c0ffee'
const admission = { reservationId: reservationId(POOL, 12, 1_800_000_000_000), number: 42 }
const code = codeOf(admission, key)
const keyFile = (...keys: string[]) =>
  JSON.stringify({
    keys: keys.map((publicKey) => ({ id: publicKey.slice(0, 8), algorithm: 'Ed25519', publicKey })),
  })

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ticket-'))
  const other = signingKeyFromSeed('22'.repeat(32)).publicKey
  writeFileSync(join(folder, 'tombola.json'), keyFile(other, key.publicKey))
  writeFileSync(join(folder, 'other.json'), keyFile(other))
  writeFileSync(join(folder, 'list.json'), '[]')
})
afterAll(() => rmSync(folder, { recursive: true }))

async function run(...args: string[]) {
  return new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

describe('npm run verify -- --ticket', () => {
  it(
    'exits 0 and shows what a genuine code names',
    async () => {
      const { status, stdout } = await run('--ticket', code.toLowerCase(), '--key', 'tombola.json')
      expect(status).toBe(0)
      for (const text of ['✓ Genuine', admission.reservationId, ' 42\n', POOL]) expect(stdout).toContain(text)
    },
    BOUND_MS,
  )

  it(
    'exits 1 and says why another code is not genuine',
    async () => {
      const [foreign, cut, noKeys] = await Promise.all([
        run('--ticket', code, '--key', 'other.json'),
        run('--ticket', code.slice(0, 100), '--key', 'tombola.json'),
        run('--ticket', code, '--key', 'list.json'),
      ])
      expect(foreign).toMatchObject({ status: 1, stdout: expect.stringContaining('✗ The signature') })
      expect(cut).toMatchObject({
        status: 1,
        stdout: '✗ This is not the code of a ticket, or not all of it.\n',
      })
      expect(noKeys).toMatchObject({
        status: 1,
        stdout: expect.stringContaining('not a list of signing keys'),
      })
    },
    BOUND_MS,
  )

  it(
    'exits 2 without a key file, or beside a proof',
    async () => {
      const [noKey, both] = await Promise.all([
        run('--ticket', code),
        run('--ticket', code, '--key', 'tombola.json', 'proof.json'),
      ])
      for (const each of [noKey, both])
        expect(each).toMatchObject({ status: 2, stderr: expect.stringContaining('--key FILE') })
    },
    BOUND_MS,
  )
})
