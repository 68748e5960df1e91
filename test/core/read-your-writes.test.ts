// Who reads which copy of the database: the public may read a replica that lags, and nobody misses what they wrote.

import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { BOOKMARK_HEADER } from '../../src/core/bookmark.ts'
import type { Bindings } from '../../src/core/context.ts'
import type { Answer, Method } from '../harness/client.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { as, buy, newKey, raffleBody, stageDraft, stageRaffle, useClock } from '../raffles/scenario.ts'

useClock()

const nothing = {
  bind: () => nothing,
  raw: async () => [],
  all: async () => ({ results: [] }),
  first: async () => null,
}

/** A replica that lags: it has no rows yet. */
const lagging = {
  prepare: () => nothing,
  batch: async (statements: unknown[]) => statements.map(() => ({ results: [], meta: {} })),
  getBookmark: () => '0',
}

const refuse = async () => {
  throw new Error('D1_ERROR: the bookmark is not of this database')
}
const refusing = {
  prepare: () => ({ bind: refusing.prepare, raw: refuse, all: refuse, first: refuse }),
  getBookmark: () => null,
}

type Way = 'primary' | 'first-primary' | 'first-unconstrained' | 'bookmark'

/** The real D1, with replicas that all lag. `ways` is how each statement was sent. */
function replicated({ knowsBookmarks = true } = {}): { DB: D1Database; ways: Way[] } {
  const ways: Way[] = []
  const noted = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        if (name === 'bind') return (...values: unknown[]) => noted(target.bind(...values))
        ways.push('primary')
        return Reflect.get(target, name).bind(target)
      },
    })
  const DB = {
    prepare: (sql: string) => noted(env.DB.prepare(sql)),
    batch: (statements: D1PreparedStatement[]) => env.DB.batch(statements),
    withSession(how: string) {
      ways.push(how.startsWith('first-') ? (how as Way) : 'bookmark')
      if (how === 'first-unconstrained') return lagging
      return how === 'first-primary' || knowsBookmarks ? env.DB.withSession(how) : refusing
    },
  } as unknown as D1Database
  return { DB, ways }
}

interface Asked {
  by?: Person
  bookmark?: string | null
  body?: unknown
  headers?: Record<string, string>
  bindings?: Record<string, unknown>
  knowsBookmarks?: boolean
}

/** Calls the API on a database with replicas. */
async function ask(method: Method, path: string, asked: Asked = {}): Promise<Answer & { ways: Way[] }> {
  const { by, bookmark, body, headers, bindings } = asked
  const { DB, ways } = replicated(asked)
  const answer = await as(by ?? null, method, path, body, {
    headers: { ...headers, ...(bookmark == null ? {} : { [BOOKMARK_HEADER]: bookmark }) },
    bindings: { DB, ...bindings } as Partial<Bindings>,
  })
  return { ...answer, ways }
}

const bookmarkOf = ({ headers }: Pick<Answer, 'headers'>): string | null => headers.get(BOOKMARK_HEADER)

/** A raffle on sale, and a bookmark that names a state of D1 with it. */
async function publishedWithBookmark() {
  const staged = await stageRaffle()
  const body = { description: 'With a better picture.' }
  const changed = await ask('PUT', `/raffles/${staged.id}`, { by: staged.operator, body })
  const read = await ask('GET', `/raffles/${staged.id}`, { bookmark: bookmarkOf(changed) })
  expect(bookmarkOf(read)).not.toBeNull()
  return { ...staged, bookmark: bookmarkOf(read)! }
}

describe('a public read', () => {
  it('may come from a replica that lags', async () => {
    const { id } = await stageRaffle()
    const { status, ways, headers } = await ask('GET', `/raffles/${id}`)
    expect([status, ways]).toEqual([404, ['first-unconstrained']])
    expect(bookmarkOf({ headers })).toBeNull()
  })

  it('sees what the bookmark names, in a replica that has it', async () => {
    const { id, bookmark } = await publishedWithBookmark()
    const { status, ways } = await ask('GET', `/raffles/${id}`, { bookmark })
    expect([status, ways]).toEqual([200, ['bookmark']])
  })

  it('by a signed-in reader without a bookmark comes from the primary', async () => {
    const { id } = await stageRaffle()
    const { status, ways } = await ask('GET', `/raffles/${id}`, { by: await registerPlayer() })
    expect([status, ways.includes('first-unconstrained')]).toEqual([200, false])
  })

  it('is not kept by caches if it has a bookmark, and what they keep is not for readers with one', async () => {
    const { id, bookmark } = await publishedWithBookmark()
    const path = `/raffles/${id}/availability`
    expect((await ask('GET', path, { bookmark })).headers.get('cache-control')).toBe('no-store')
    expect((await as(null, 'GET', path)).headers.get('vary')).toContain(BOOKMARK_HEADER)
  })

  it('shares the answer of another reader only if that has seen what the bookmark names', async () => {
    const { id, operator, bookmark } = await publishedWithBookmark()
    const bindings = { SHARE_READS_MS: '1000' }
    const path = `/raffles/${id}`
    expect((await ask('GET', path, { bookmark, bindings })).ways).toEqual(['bookmark'])
    expect((await ask('GET', path, { bookmark, bindings })).ways).toEqual([])
    expect((await ask('GET', path, { bindings })).ways).toEqual([])
    const changed = await ask('PUT', path, { by: operator, body: { description: 'Once more.' } })
    const newer = bookmarkOf(changed)
    expect((await ask('GET', path, { bookmark: newer, bindings })).body.description).toBe('Once more.')
    expect((await ask('GET', path, { bindings })).body.description).toBe('Once more.')
  })
})

describe('the bookmark of a write', () => {
  it('names the state of D1 that has it', async () => {
    const { operator } = await stageDraft()
    const created = await ask('POST', '/raffles', { by: operator, body: raffleBody() })
    const read = await ask('GET', `/raffles/${created.body.id}`, {
      by: operator,
      bookmark: bookmarkOf(created),
    })
    expect([read.status, read.ways.includes('bookmark')]).toEqual([200, true])
  })

  it('means the primary if a pool wrote too, and the next answer names a state', async () => {
    const { id } = await stageRaffle()
    const by = await registerPlayer()
    const headers = { 'idempotency-key': newKey() }
    const bought = await ask('POST', '/tickets/purchase', {
      by,
      headers,
      body: { raffleId: id, quantity: 1 },
    })
    expect(bought.status).toBe(201)
    const first = await ask('GET', '/tickets', { by, bookmark: bookmarkOf(bought) })
    expect([first.body.data.length, first.ways.includes('first-primary')]).toEqual([1, true])
    const second = await ask('GET', '/tickets', { by, bookmark: bookmarkOf(first) })
    expect([second.body.data.length, second.ways.filter((way) => way !== 'primary')]).toEqual([
      1,
      ['bookmark'],
    ])
  })

  it('is also given to a repeat, which only finds what the first try wrote', async () => {
    const { id } = await stageRaffle()
    const by = await registerPlayer()
    await buy(by, id, { quantity: 1 }, 'the-same-key')
    const again = await ask('POST', '/tickets/purchase', {
      by,
      headers: { 'idempotency-key': 'the-same-key' },
      body: { raffleId: id, quantity: 1 },
    })
    expect([again.status, bookmarkOf(again) === null]).toEqual([201, false])
  })

  it('is there on the real platform, and a public read takes it', async () => {
    const { operator } = await stageDraft()
    const created = await as(operator, 'POST', '/raffles', raffleBody())
    const headers = { [BOOKMARK_HEADER]: bookmarkOf(created)! }
    const read = await as(operator, 'GET', `/raffles/${created.body.id}`, undefined, { headers })
    expect(read.status).toBe(200)
    expect(bookmarkOf(read)).not.toBeNull()
  })

  it('crosses origins', async () => {
    const origin = 'https://shop.example'
    const bindings = { CORS_ORIGINS: origin }
    const preflight = await ask('OPTIONS', '/raffles', {
      headers: { origin, 'access-control-request-method': 'GET' },
      bindings,
    })
    expect(preflight.headers.get('access-control-allow-headers')).toContain(BOOKMARK_HEADER)
    const { headers } = await ask('GET', '/raffles', { headers: { origin }, bindings })
    expect(headers.get('access-control-expose-headers')).toContain(BOOKMARK_HEADER)
  })
})

describe('a bookmark gives no privileges', () => {
  it('nor an error, if it is not ours: the read is made at the primary', async () => {
    const { id } = await stageRaffle()
    for (const bookmark of [
      'nonsense',
      'first-unconstrained',
      '1.e30.AAAAAAAAAAAAAAAAAAAAAA',
      'x'.repeat(9_000),
    ]) {
      const { status, ways } = await ask('GET', `/raffles/${id}`, { bookmark })
      expect([status, ways]).toEqual([200, ['first-primary']])
    }
  })

  it('nor an error, if D1 does not know it any more', async () => {
    const { id, bookmark } = await publishedWithBookmark()
    const answer = await ask('GET', `/raffles/${id}`, { bookmark, knowsBookmarks: false })
    expect([answer.status, answer.ways]).toEqual([200, ['bookmark', 'first-primary']])
    expect(bookmarkOf(answer)).not.toBeNull()
  })

  it('to one who was a member when it was given', async () => {
    const { id, operator, organisation } = await stageDraft()
    const [{ headers }] = [
      await ask('PUT', `/raffles/${id}`, { by: operator, body: { description: 'Mine.' } }),
    ]
    const bookmark = bookmarkOf({ headers })
    await env.DB.prepare('DELETE FROM members WHERE organisation_id = ?').bind(organisation.id).run()
    // By a token of after the change: only the database knows.
    const path = `/raffles?organisationId=${organisation.id}`
    expect((await ask('GET', path, { by: operator, bookmark })).body.data).toEqual([])
    expect((await ask('GET', `/organisations/${organisation.id}`, { by: operator, bookmark })).status).toBe(
      404,
    )
  })

  it('and what may change something reads the primary', async () => {
    const { id, operator, bookmark } = await publishedWithBookmark()
    const body = { description: 'By the primary.' }
    const { status, ways } = await ask('PUT', `/raffles/${id}`, { by: operator, bookmark, body })
    expect(status).toBe(200)
    expect(new Set(ways)).toEqual(new Set(['primary', 'first-primary']))
  })
})
