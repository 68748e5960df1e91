// A crowd of real requests at one isolate. Only here does each request have its own context in the platform, which forbids
// one request to wait for the work of another.
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler'
import { ROOT, startWrangler } from '../../scripts/wrangler.ts'

const CROWD = 200

let folder: string
let runtime: Miniflare
let origin: string
/** The log lines of the runtime, as JSON. */
const logged: { message: string; route?: string; answered?: number }[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tombola-crowd-'))
  const lines: string[] = []
  const entry = join(import.meta.dirname, 'crowd-worker.ts')
  const build = startWrangler(['deploy', entry, '--dry-run', '--outdir', folder], (line) => lines.push(line))
  expect(await build.ended, lines.join('\n')).toBe(0)
  const {
    assets: _assets,
    modulesRules: _rules,
    ...bindings
  } = workerOptionsOf(join(ROOT, 'wrangler.toml')).workerOptions
  runtime = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        {
          ...bindings,
          name: 'tombola',
          modules: [{ type: 'ESModule', path: join(folder, 'crowd-worker.js') }],
          modulesRoot: folder,
          unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        },
      ],
      cf: false,
      handleStructuredLogs: ({ message }) => {
        if (message.startsWith('{')) logged.push(JSON.parse(message))
      },
      telemetry: { enabled: false },
    }),
  )
  await runtime.ready
  const database = await runtime.getD1Database('DB', 'tombola')
  const files = readdirSync(join(ROOT, 'migrations')).filter((file) => file.endsWith('.sql'))
  for (const file of files.sort()) {
    const statements = readFileSync(join(ROOT, 'migrations', file), 'utf8').split('--> statement-breakpoint')
    await database.batch(statements.map((statement) => database.prepare(statement)))
  }
  origin = (await runtime.unsafeGetDirectURL('tombola')).href.replace(/\/$/, '')
})

afterAll(async () => {
  await runtime?.dispose()
  await rm(folder, { recursive: true, force: true })
})

const readsSoFar = async (): Promise<number> =>
  (await fetch(`${origin}/test/reads`)).json() as Promise<number>

async function crowd(path: string, size = CROWD) {
  const responses = await Promise.all(Array.from({ length: size }, () => fetch(origin + path)))
  await Promise.all(responses.map((response) => response.arrayBuffer()))
  return responses.map(({ status, headers }) => ({ status, requestId: headers.get('x-request-id') }))
}

describe('a crowd at one isolate', () => {
  it('costs one read: the others wait for it, and each has a request id of its own', async () => {
    const before = await readsSoFar()
    const answers = await crowd('/api/v1/raffles?limit=1')
    expect(answers.map(({ status }) => status)).toEqual(Array(CROWD).fill(200))
    expect(new Set(answers.map(({ requestId }) => requestId)).size).toBe(CROWD)
    expect((await readsSoFar()) - before).toBe(1)
  })

  it('is counted in the log, though most of it has no line of its own', async () => {
    const path = '/api/v1/draws/upcoming?limit=3'
    const linesOf = (message: string) =>
      logged.filter((line) => line.message === message && line.route === '/api/v1/draws/upcoming')
    let asked = 0
    const counted = async () => {
      asked += (await crowd(path, 20)).length
      const atDoor = linesOf('crowd').reduce((sum, { answered }) => sum + answered!, 0)
      return { atDoor, isEachCounted: linesOf('request').length + atDoor >= asked - 40 }
    }
    await expect
      .poll(counted, { timeout: 10_000 })
      .toEqual({ atDoor: expect.toSatisfy((count: number) => count > 0), isEachCounted: true })
    expect(linesOf('request').length).toBeLessThan(asked)
  })

  it('is answered though the client for whom it is read has left', async () => {
    const path = '/api/v1/raffles?limit=2'
    const before = await readsSoFar()
    const leaving = new AbortController()
    const left = fetch(origin + path, { signal: leaving.signal }).catch(() => 'left')
    // The first read has begun.
    await expect.poll(readsSoFar).toBe(before + 1)
    const others = crowd(path, 20)
    leaving.abort()
    expect(await left).toBe('left')
    expect((await others).map(({ status }) => status)).toEqual(Array(20).fill(200))
  })

  it('gets an error for each request, because errors are not shared', async () => {
    const unknown = '/api/v1/raffles/raffle_01k00000000000000000000000'
    const answers = await crowd(unknown, 20)
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(404))
    expect(new Set(answers.map(({ requestId }) => requestId)).size).toBe(20)
  })
})
