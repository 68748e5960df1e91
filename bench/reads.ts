/** Measures public reads: under a crowd that shares answers, alone beside one plain query, and among many raffles. */
import { ALONE, callsOf, type Door } from './load.ts'
import { type People, post, publishRaffle } from './raffle.ts'
import { atLeast, atMost, holds, info, type Section } from './report.ts'
import type { Runtime } from './runtime.ts'
import { type Effort, takeTurns } from './turns.ts'

const LIST = '/api/v1/raffles'
const FEW = 10
const MANY = 10_000
const MIN_OF_ONE_QUERY = 0.7
const MAX_ADDED_CPU_MS = 1
const MAX_SLOWER = 1.2
const ADDED_CPU = 'CPU of a list alone, above that of the query'
const WARM_UP_SECONDS = 2

export const readsOf = (url: string, path: string, headers: Record<string, string> = {}): Door =>
  callsOf(url, 200, () => ({ method: 'GET', path, headers }))

export async function compareReads(runtime: Runtime, people: People, effort: Effort): Promise<Section> {
  const { tombola, bare } = runtime.urls as { tombola: string; bare: string }
  const read = (url: string, path: string, headers = {}) => ({
    door: readsOf(url, path, headers),
    server: runtime.usage,
  })
  const raffleId = await publishRaffle(tombola, people, { prizes: 100, winPolicy: 'perTicket' })
  await post(`${tombola}/bench/copy-raffle`, null, { raffleId, total: 30 })
  const list = await (await fetch(tombola + LIST)).text()
  const stored = await fetch(`${bare}/one-query`, { method: 'PUT', body: list })
  if (!stored.ok) throw new Error(`The bare worker did not store its rows: ${stored.status}`)
  const one = `/api/v1/raffles/${raffleId}`
  const turns = await takeTurns(
    {
      oneQuery: read(bare, '/one-query'),
      listAlone: read(tombola, LIST, ALONE),
      list: read(tombola, LIST),
      oneAlone: read(tombola, one, ALONE),
      one: read(tombola, one),
      availabilityAlone: read(tombola, `${one}/availability`, ALONE),
      availability: read(tombola, `${one}/availability`),
    },
    effort,
    { warmUpSeconds: WARM_UP_SECONDS },
  )
  const addedCpuMs = turns.cpuMs('listAlone') - turns.cpuMs('oneQuery')
  return {
    title: 'Public reads: 32 connections',
    how: `A list of 20 is ${Math.round(list.length / 1_000)} kB. Alone: each request makes its own query, as a signed-in reader's does.\n${effort.rounds} alternating rounds of ${effort.roundSeconds} s; CPU is that of the whole runtime, with D1.`,
    lines: [
      turns.line('one D1 query of 20 rows (bare worker)', 'oneQuery'),
      turns.line('a list of 20, alone', 'listAlone'),
      turns.line('a list of 20, a crowd', 'list'),
      turns.line('one raffle, alone', 'oneAlone'),
      turns.line('one raffle, a crowd', 'one'),
      turns.line('availability, alone', 'availabilityAlone'),
      turns.line('availability, a crowd', 'availability'),
      atLeast('a list alone : one D1 query', turns.ratio('listAlone', 'oneQuery'), MIN_OF_ONE_QUERY, '×'),
      Number.isNaN(addedCpuMs)
        ? info(ADDED_CPU, 'not reported by this system')
        : atMost(ADDED_CPU, addedCpuMs, MAX_ADDED_CPU_MS, ' ms'),
      info('a list for a crowd : one D1 query', `${turns.ratio('list', 'oneQuery').toFixed(2)}×`),
      holds('unexpected answers', turns.failed === 0, String(turns.failed)),
    ],
  }
}

/** The same list beside the same code on another database, which has few raffles. */
export async function compareGrowth(
  { urls, usage }: Runtime,
  people: People,
  effort: Effort,
): Promise<Section> {
  const { tombola, few } = urls as { tombola: string; few: string }
  const read = (url: string, path: string, headers = {}) => ({
    door: readsOf(url, path, headers),
    server: usage,
  })
  const fill = async (url: string, total: number) => {
    const raffleId = await publishRaffle(url, people, { prizes: 100, winPolicy: 'perTicket' })
    await post(`${url}/bench/copy-raffle`, null, { raffleId, total })
  }
  await Promise.all([fill(few, FEW), fill(tombola, MANY)])
  const lists = { newest: '/api/v1/raffles', open: '/api/v1/raffles?status=open&sort=drawAt' }
  const turns = await takeTurns(
    {
      newestOfFew: read(few, `${lists.newest}?limit=${FEW}`, ALONE),
      newestOfMany: read(tombola, `${lists.newest}?limit=${FEW}`, ALONE),
      openOfFew: read(few, `${lists.open}&limit=${FEW}`, ALONE),
      openOfMany: read(tombola, `${lists.open}&limit=${FEW}`, ALONE),
    },
    effort,
    { warmUpSeconds: WARM_UP_SECONDS },
  )
  return {
    title: `A list of ${FEW} among ${FEW} raffles and among ${MANY}`,
    how: 'Each request makes its own query. The two databases take turns.',
    lines: [
      turns.line(`the newest, among ${FEW}`, 'newestOfFew'),
      turns.line(`the newest, among ${MANY}`, 'newestOfMany'),
      turns.line(`open ones by draw, among ${FEW}`, 'openOfFew'),
      turns.line(`open ones by draw, among ${MANY}`, 'openOfMany'),
      atMost('the newest: slower among many', turns.ratio('newestOfFew', 'newestOfMany'), MAX_SLOWER, '×'),
      atMost('open ones: slower among many', turns.ratio('openOfFew', 'openOfMany'), MAX_SLOWER, '×'),
      holds('unexpected answers', turns.failed === 0, String(turns.failed)),
    ],
  }
}
