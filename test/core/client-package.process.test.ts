/** The client package as its user has it: installed in a folder outside of this repository, checked by the strict compiler. */
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiDocument } from '../../scripts/api-document/document.ts'
import { buildClient } from '../../scripts/client-package/build.ts'
import { ROOT } from '../../scripts/wrangler.ts'
import { app } from '../../src/app.ts'

const run = promisify(execFile)
const outside = mkdtempSync(join(tmpdir(), 'tombola-client-'))
const modules = join(outside, 'node_modules')
const packed = join(modules, 'tombola-client')
const BIN = join(ROOT, 'node_modules/.bin')

const MISUSE = `
import { createClient, type Raffle } from 'tombola-client'
const tombola = createClient({ baseUrl: 'http://localhost' })
// @ts-expect-error: no such path
await tombola.GET('/api/v1/raffle')
// @ts-expect-error: a raffle needs more than a title
await tombola.POST('/api/v1/raffles', { body: { title: 'Books' } })
// @ts-expect-error: a purchase needs an Idempotency-Key
await tombola.POST('/api/v1/tickets/purchase', { body: { raffleId: 'raffle_1', quantity: 1 } })
const { data, error } = await tombola.GET('/api/v1/raffles/{id}', { params: { path: { id: 'raffle_1' } } })
if (error) {
  const code: 'not_found' | 'unauthenticated' | 'internal' | 'unavailable' | (string & {}) = error.code
  // @ts-expect-error: the list of codes is closed
  if (error.code === 'no_such_code') console.log(code)
} else {
  const raffle: Raffle = data
  // @ts-expect-error: only an item has a product
  console.log(raffle.prizes.map((prize) => prize.productId))
  console.log(raffle.prizes.map((prize) => (prize.kind === 'item' ? prize.productId : prize.value)))
}
await tombola.POST('/api/v1/raffles', {
  body: {
    title: 'Books', ticketPrice: { amount: 0, currency: 'KES' }, totalTickets: 10, numbering: 'random', winPolicy: 'perTicket',
    opensAt: '2030-01-01T00:00:00Z', closesAt: '2030-01-02T00:00:00Z', drawAt: '2030-01-03T00:00:00Z',
    prizes: [{ kind: 'item', title: 'Book', quantity: 1 }],
  },
})
`

beforeAll(() => {
  const built = join(outside, 'built')
  buildClient(built)
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--silent', built], { cwd: outside, encoding: 'utf8' }),
  )
  mkdirSync(packed, { recursive: true })
  execFileSync('tar', ['-xzf', filename, '-C', packed, '--strip-components', '1'], { cwd: outside })
  for (const name of ['openapi-fetch', 'openapi-typescript-helpers']) {
    cpSync(join(ROOT, 'node_modules', name), join(modules, name), { recursive: true })
  }
  writeFileSync(join(outside, 'package.json'), '{ "type": "module" }')
  const compilerOptions = {
    strict: true,
    noUncheckedIndexedAccess: true,
    target: 'esnext',
    module: 'nodenext',
    lib: ['esnext', 'dom'],
    types: [join(ROOT, 'node_modules/@types/node')],
    noEmit: true,
  }
  writeFileSync(join(outside, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readFileSync(join(packed, 'README.md'), 'utf8')) ?? []
  writeFileSync(join(outside, 'example.ts'), example)
  writeFileSync(join(outside, 'misuse.ts'), MISUSE)
})

afterAll(() => rmSync(outside, { recursive: true, force: true }))

describe('the client package', () => {
  it('has types, a few lines of code, and nothing of the worker', () => {
    const files = execFileSync('ls', [packed], { encoding: 'utf8' }).trim().split('\n')
    expect(files.sort()).toEqual(['LICENSE', 'README.md', 'index.d.ts', 'index.js', 'package.json'])
    expect(readFileSync(join(packed, 'index.d.ts'), 'utf8')).not.toContain(ROOT)
    expect(readFileSync(join(packed, 'index.js'), 'utf8').split('\n').length).toBeLessThan(30)
  })

  it('compiles under --strict where it is used well, and only there', async () => {
    const { stdout } = await run(join(BIN, 'tsc'), ['-p', outside], { cwd: outside }).catch((error) => error)
    expect(stdout).toBe('')
  })

  it('buys a ticket by the lines of its README', async () => {
    const asked: string[] = []
    // Answers each call with the success of its example in the document.
    const server = createServer((request, response) => {
      const { method = '', headers, url = '' } = request
      const path = url.split('?')[0]!
      asked.push(`${method} ${url} ${headers.authorization ?? ''}`.trim())
      // biome-ignore lint/suspicious/noExplicitAny: the document's own tests check its shape
      const { responses } = (apiDocument(app) as any).paths[path][method.toLowerCase()]
      const status = Object.keys(responses).find((each) => each.startsWith('2'))!
      response.writeHead(Number(status), { 'content-type': 'application/json' })
      response.end(JSON.stringify(responses[status].content['application/json'].example))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const TOMBOLA = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const { stdout } = await run(process.execPath, ['--no-warnings', 'example.ts'], {
        cwd: outside,
        env: { ...process.env, TOMBOLA },
      })
      expect(stdout).toMatch(/^\[ \d+/)
      expect(asked).toEqual([
        'POST /api/v1/auth/login',
        expect.stringMatching(/^GET \/api\/v1\/raffles\?status=open&q=weekend&limit=1 Bearer ey/),
        expect.stringMatching(/^POST \/api\/v1\/tickets\/purchase Bearer ey/),
      ])
    } finally {
      server.close()
    }
  })
})
