/** Measures searches among many documents, beside PostgreSQL's full text over the same texts where it is installed. */
import { mkdirSync } from 'node:fs'
import { Client } from 'pg'
import { fold } from '../src/core/fold.ts'
import { COMMON, cityAt, plainAt, tagAt, wordAt } from './documents.ts'
import { startPostgres } from './peers/postgres.ts'
import { post } from './raffle.ts'
import { atMost, info, type Line, type Section } from './report.ts'
import type { Runtime } from './runtime.ts'

/** How many documents are made in one request. */
const DOCUMENTS_AT_ONCE = 500
const MAX_P99_MS = 1_000

export interface SearchEffort {
  documents: number
  /** How many different searches of each kind. */
  searches: number
}

interface Kind {
  what: string
  query: (at: number) => Record<string, string>
  /** The same words for PostgreSQL; null: it is not asked. */
  words: ((at: number) => string[]) | null
}

const rare = (at: number): string => wordAt(8_000 + 37 * at)
const frequent = (at: number): string => wordAt(at % 20)
const start = (at: number): string => wordAt(at).slice(0, 3)

const KINDS: readonly Kind[] = [
  { what: 'a rare word', query: (at) => ({ q: rare(at) }), words: (at) => [rare(at)] },
  { what: 'a frequent word', query: (at) => ({ q: frequent(at) }), words: (at) => [frequent(at)] },
  {
    what: 'the word of every document, and another',
    query: (at) => ({ q: `${COMMON} ${wordAt(at)}` }),
    words: (at) => [COMMON, wordAt(at)],
  },
  { what: 'the beginning of a word', query: (at) => ({ q: start(at) }), words: (at) => [start(at)] },
  { what: 'the word of every document', query: () => ({ q: COMMON }), words: () => [COMMON] },
  {
    what: 'tag, place and type, without words',
    query: (at) => ({ tags: tagAt(at % 50), location: cityAt(at % 200), type: 'event' }),
    words: null,
  },
  {
    what: 'within 500 km, by distance',
    query: (at) => ({ near: `${(at % 120) - 60},${(at * 7) % 180}`, radiusKm: '500' }),
    words: null,
  },
  { what: 'a misspelt word', query: (at) => ({ q: `${rare(at).slice(0, -2)}ö` }), words: null },
]

export async function compareSearches(
  runtime: Runtime,
  folder: string,
  { documents, searches }: SearchEffort,
): Promise<Section> {
  const { tombola } = runtime.urls as { tombola: string }
  for (let from = 0; from < documents; from += DOCUMENTS_AT_ONCE) {
    await post(`${tombola}/bench/fill-search`, null, {
      from,
      to: Math.min(documents, from + DOCUMENTS_AT_ONCE),
    })
  }
  const peer = await startPeer(folder, documents).catch((error: unknown) =>
    error instanceof Error ? error.message.split('\n')[0]! : String(error),
  )
  const lines: Line[] = []
  for (const { what, query, words } of KINDS) {
    const ours = await timesOf(searches, async (at) => {
      const sent = { ...query(at), limit: String(20 + (at % 2)) }
      const answer = await fetch(`${tombola}/api/v1/search?${new URLSearchParams(sent)}`, {
        headers: { cookie: 'bench=1' },
      })
      if (!answer.ok) throw new Error(`A search failed: ${answer.status} ${await answer.text()}`)
      await answer.arrayBuffer()
    })
    lines.push(
      info(`${what}: p50`, `${ours.p50.toFixed(1)} ms`),
      atMost('  p99', ours.p99, MAX_P99_MS, ' ms', 1),
    )
    if (words === null || typeof peer === 'string') continue
    const theirs = await timesOf(searches, (at) => peer.search(words(at)))
    lines.push(info('  PostgreSQL: p50, p99', `${theirs.p50.toFixed(1)}, ${theirs.p99.toFixed(1)} ms`))
  }
  if (typeof peer === 'string') lines.push(info('PostgreSQL was not measured', peer))
  else await peer.stop()
  return {
    title: `Searches among ${documents.toLocaleString('en')} documents`,
    how: `${searches} searches of each kind, one after the other. Tombola: the whole request, with facets, of at most 5,000 documents.\nPostgreSQL: one query by a socket, ranked among all documents, without facets.`,
    lines,
  }
}

async function timesOf(
  count: number,
  work: (at: number) => Promise<unknown>,
): Promise<{ p50: number; p99: number }> {
  const times: number[] = []
  for (let at = 0; at < count; at++) {
    const begun = performance.now()
    await work(at)
    times.push(performance.now() - begun)
  }
  times.sort((a, b) => a - b)
  const percentile = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!
  return { p50: percentile(0.5), p99: percentile(0.99) }
}

interface Peer {
  search(words: string[]): Promise<unknown>
  stop(): Promise<void>
}

async function startPeer(folder: string, documents: number): Promise<Peer> {
  mkdirSync(folder, { recursive: true })
  const { socketFolder } = await startPostgres(folder, ['search'])
  const client = new Client({ host: socketFolder, user: 'bench', database: 'search' })
  await client.connect()
  await client.query('CREATE TABLE documents (id integer PRIMARY KEY, title text, text tsvector)')
  for (let from = 0; from < documents; from += DOCUMENTS_AT_ONCE) {
    const rows = Array.from({ length: Math.min(documents - from, DOCUMENTS_AT_ONCE) }, (_, each) => {
      const { title, names, body } = plainAt(from + each)
      return { id: from + each, title: fold(title), names: fold(names), body: fold(body) }
    })
    await client.query(
      `INSERT INTO documents SELECT (row->>'id')::integer, row->>'title',
         setweight(to_tsvector('simple', row->>'title'), 'A') || setweight(to_tsvector('simple', row->>'names'), 'B')
         || setweight(to_tsvector('simple', row->>'body'), 'D')
       FROM json_array_elements($1::json) AS row`,
      [JSON.stringify(rows)],
    )
  }
  await client.query('CREATE INDEX documents_text ON documents USING gin (text)')
  await client.query('VACUUM ANALYZE documents')
  return {
    search: (words) =>
      client.query(
        `SELECT id, title FROM documents, to_tsquery('simple', $1) AS query WHERE text @@ query
         ORDER BY ts_rank(text, query) DESC, id LIMIT 20`,
        [words.map((word) => `'${fold(word)}':*`).join(' & ')],
      ),
    stop: () => client.end(),
  }
}
