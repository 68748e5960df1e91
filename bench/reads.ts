/** Measures public reads: under a crowd that shares answers, alone beside one plain query, and among many raffles. */
import { ALONE, type Door, median, medianRound, pressure, type Round } from './load.ts'
import { type People, post, publishRaffle } from './raffle.ts'
import { atLeast, atMost, holds, info, type Section } from './report.ts'
import type { Runtime } from './runtime.ts'
import type { Effort } from './speed.ts'

const LIST = '/api/v1/raffles'
const FEW = 10
const MANY = 10_000
const MIN_OF_ONE_QUERY = 0.7
const MAX_ADDED_CPU_MS = 1
const MAX_SLOWER = 1.2
const WARM_UP_SECONDS = 2

const door = (url: string, path: string, headers: Record<string, string> = {}): Door => ({
  url,
  expect: 200,
  next: () => ({ method: 'GET', path, headers }),
})

interface Measured extends Round {
  cpuMs: number | null
}

async function measure(
  usage: Runtime['usage'],
  doors: Record<string, Door>,
  { rounds, roundSeconds }: Effort,
) {
  const measured: Record<string, Measured[]> = {}
  for (let round = -1; round < rounds; round++) {
    const inTurn = Object.entries(doors)
    for (const [name, each] of round % 2 === 0 ? inTurn : inTurn.reverse()) {
      const before = usage.cpuSeconds
      const result = await pressure(each, { seconds: round < 0 ? WARM_UP_SECONDS : roundSeconds })
      const after = usage.cpuSeconds
      const cpuMs = before === null || after === null ? null : ((after - before) * 1_000) / result.answered
      measured[name] ??= []
      if (round >= 0) measured[name].push({ ...result, cpuMs })
    }
  }
  const of = (name: string) => measured[name]!
  const cpuOf = (name: string): number => median(of(name).map(({ cpuMs }) => cpuMs ?? 0))
  return {
    failed: Object.values(measured)
      .flat()
      .reduce((sum, { failed }) => sum + failed, 0),
    cpuOf,
    ratio: (name: string, peer: string) =>
      median(of(name).map((each, i) => each.requestsPerSecond / of(peer)[i]!.requestsPerSecond)),
    line: (what: string, name: string) => {
      const { requestsPerSecond, p50Ms, p99Ms } = medianRound(of(name))
      const speed = `${Math.round(requestsPerSecond)}/s  p50 ${p50Ms.toFixed(1)}  p99 ${p99Ms.toFixed(1)} ms`
      return info(what, `${speed}  ${cpuOf(name).toFixed(2)} ms CPU`)
    },
  }
}

export async function compareReads(runtime: Runtime, people: People, effort: Effort): Promise<Section> {
  const { tombola, peers } = runtime.urls as { tombola: string; peers: string }
  const raffleId = await publishRaffle(tombola, people, { prizes: 100, winPolicy: 'perTicket' })
  await post(`${tombola}/bench/copy-raffle`, null, { raffleId, total: 30 })
  const list = await (await fetch(tombola + LIST)).text()
  const stored = await fetch(`${peers}/one-query`, { method: 'PUT', body: list })
  if (!stored.ok) throw new Error(`The peer did not store its rows: ${stored.status}`)
  const one = `/api/v1/raffles/${raffleId}`
  const read = await measure(
    runtime.usage,
    {
      oneQuery: door(peers, '/one-query'),
      listAlone: door(tombola, LIST, ALONE),
      list: door(tombola, LIST),
      oneAlone: door(tombola, one, ALONE),
      one: door(tombola, one),
      availabilityAlone: door(tombola, `${one}/availability`, ALONE),
      availability: door(tombola, `${one}/availability`),
    },
    effort,
  )
  return {
    title: 'Public reads: 32 connections',
    how: `A list of 20 is ${Math.round(list.length / 1_000)} kB. Alone: each request makes its own query, as a signed-in reader's does.\n${effort.rounds} alternating rounds of ${effort.roundSeconds} s; CPU is that of the whole runtime, with D1.`,
    lines: [
      read.line('one D1 query of 20 rows (bare worker)', 'oneQuery'),
      read.line('a list of 20, alone', 'listAlone'),
      read.line('a list of 20, a crowd', 'list'),
      read.line('one raffle, alone', 'oneAlone'),
      read.line('one raffle, a crowd', 'one'),
      read.line('availability, alone', 'availabilityAlone'),
      read.line('availability, a crowd', 'availability'),
      atLeast('a list alone : one D1 query', read.ratio('listAlone', 'oneQuery'), MIN_OF_ONE_QUERY, '×'),
      atMost(
        'CPU of a list alone, above that of the query',
        read.cpuOf('listAlone') - read.cpuOf('oneQuery'),
        MAX_ADDED_CPU_MS,
        ' ms',
      ),
      info('a list for a crowd : one D1 query', `${read.ratio('list', 'oneQuery').toFixed(2)}×`),
      holds('unexpected answers', read.failed === 0, String(read.failed)),
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
  const fill = async (url: string, total: number) => {
    const raffleId = await publishRaffle(url, people, { prizes: 100, winPolicy: 'perTicket' })
    await post(`${url}/bench/copy-raffle`, null, { raffleId, total })
  }
  await Promise.all([fill(few, FEW), fill(tombola, MANY)])
  const lists = { newest: '/api/v1/raffles', open: '/api/v1/raffles?status=open&sort=drawAt' }
  const read = await measure(
    usage,
    {
      newestOfFew: door(few, `${lists.newest}?limit=${FEW}`, ALONE),
      newestOfMany: door(tombola, `${lists.newest}?limit=${FEW}`, ALONE),
      openOfFew: door(few, `${lists.open}&limit=${FEW}`, ALONE),
      openOfMany: door(tombola, `${lists.open}&limit=${FEW}`, ALONE),
    },
    effort,
  )
  return {
    title: `A list of ${FEW} among ${FEW} raffles and among ${MANY}`,
    how: 'Each request makes its own query. The two databases take turns.',
    lines: [
      read.line(`the newest, among ${FEW}`, 'newestOfFew'),
      read.line(`the newest, among ${MANY}`, 'newestOfMany'),
      read.line(`open ones by draw, among ${FEW}`, 'openOfFew'),
      read.line(`open ones by draw, among ${MANY}`, 'openOfMany'),
      atMost('the newest: slower among many', read.ratio('newestOfFew', 'newestOfMany'), MAX_SLOWER, '×'),
      atMost('open ones: slower among many', read.ratio('openOfFew', 'openOfMany'), MAX_SLOWER, '×'),
      holds('unexpected answers', read.failed === 0, String(read.failed)),
    ],
  }
}
