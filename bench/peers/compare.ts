/** Compares the worker with the peers in one run: the same requests, from the same load generator, in turn. */
import { callsOf, type Door } from '../load.ts'
import { pricedDoor } from '../priced.ts'
import { type People, publishRaffle, purchaseDoor } from '../raffle.ts'
import { readsOf } from '../reads.ts'
import { atLeast, atMost, holds, info, type Line, type Section } from '../report.ts'
import type { Runtime } from '../runtime.ts'
import { type Contestant, type Effort, takeTurns } from '../turns.ts'
import { manyDoor, publishMany } from '../writers.ts'
import type { Peer, PeerName, Peers } from './start.ts'

/** Of one core: above it, the load generator may be what limits a round. */
const MAX_LOAD_CORES = 0.9

interface Raffles {
  hot: string
  many: string[]
  priced: string
}

interface Work {
  title: string
  /** Only for writes: `shared` is our worker with a database writer. */
  withWriter: boolean
  door: (url: string, raffles: Raffles) => Door
  connections: number
  warmUpVisits?: number
  /** What the platform alone needs for it on this machine: the bare worker does the least of the same work. */
  bare?: { title: string; door: (url: string, raffles: Raffles) => Door }
  /** The least ratio to a peer. The others are for information. */
  least: Partial<Record<PeerName, number>>
}

const worksOf = (people: People): Work[] => {
  const priced = (buyers: number, least: Work['least']): Work => ({
    title: `priced purchases, paid and issued, ${buyers === 1 ? '1 buyer' : `${buyers} buyers`}`,
    withWriter: true,
    door: (url, raffles) => pricedDoor(url, people, raffles.priced),
    connections: buyers,
    bare: {
      title: 'bare worker: five writes to D1 one after another',
      door: (url) => callsOf(url, 204, () => ({ method: 'POST', path: '/five-writes', headers: {} })),
    },
    least,
  })
  const reads = (title: string, pathOf: (raffles: Raffles) => string): Work => ({
    title,
    withWriter: false,
    door: (url, raffles) => readsOf(url, `/api/v1/raffles${pathOf(raffles)}`),
    connections: 32,
    bare: {
      title: 'bare worker: a short text, by Hono',
      door: (url) => callsOf(url, 200, () => ({ method: 'POST', path: '/hello', headers: {} })),
    },
    least: { durable: 1.5 },
  })
  return [
    {
      title: 'free entries in one hot raffle, 32 connections',
      withWriter: true,
      door: (url, raffles) => purchaseDoor(url, people, raffles.hot),
      connections: 32,
      bare: {
        title: 'bare worker: one row per call in one object',
        door: (url, raffles) => purchaseDoor(url, people, raffles.hot),
      },
      least: { durable: 5, relaxed: 4 },
    },
    {
      title: 'free entries in 100 raffles, 32 connections',
      withWriter: true,
      door: (url, raffles) => manyDoor(url, people, raffles.many),
      connections: 32,
      // Each pool is loaded before the first round.
      warmUpVisits: 200,
      bare: {
        title: 'bare worker: one row per call in 100 objects',
        door: (url, raffles) => manyDoor(url, people, raffles.many),
      },
      least: { durable: 1.5 },
    },
    priced(1, {}),
    priced(16, { durable: 1 }),
    priced(64, {}),
    reads('a list of 20 raffles, a crowd of 32 connections', () => ''),
    reads('one raffle, a crowd of 32 connections', ({ hot }) => `/${hot}`),
    reads('its availability, a crowd of 32 connections', ({ hot }) => `/${hot}/availability`),
  ]
}

interface Comparison {
  effort: Effort
  /** Only works whose titles contain this. */
  work: string
  report: (section: Section) => void
}

export async function comparePeers(
  { urls, usage }: Runtime,
  people: People,
  { peers, skipped }: Peers,
  { effort, work: wanted, report }: Comparison,
): Promise<void> {
  const { tombola, shared, bare } = urls as { tombola: string; shared: string; bare: string }
  await fetch(`${bare}/five-writes`, { method: 'PUT' })
  const ours = { tombola: await publishAll(tombola, people), shared: await publishAll(shared, people) }
  for (const { url } of Object.values(peers)) await copyTo(url, tombola, ours.tombola)
  for (const work of worksOf(people).filter(({ title }) => title.includes(wanted))) {
    const contestants: Record<string, Contestant> = {
      tombola: { door: work.door(tombola, ours.tombola), server: usage },
    }
    if (work.withWriter) contestants.shared = { door: work.door(shared, ours.shared), server: usage }
    for (const [name, { url, server }] of Object.entries(peers)) {
      contestants[name] = { door: work.door(url, ours.tombola), server }
    }
    if (work.bare !== undefined)
      contestants.bare = { door: work.bare.door(bare, ours.tombola), server: usage }
    const { connections, warmUpVisits } = work
    const turns = await takeTurns(contestants, effort, { connections, warmUpVisits })
    const lines: Line[] = [turns.line('Tombola', 'tombola')]
    if (work.withWriter) lines.push(turns.line('Tombola, one database writer', 'shared'))
    if (work.bare !== undefined) lines.push(turns.line(work.bare.title, 'bare'))
    for (const [name, { title }] of entriesOf(peers)) lines.push(turns.line(title, name))
    if (work.bare !== undefined)
      lines.push(info(`Tombola : ${work.bare.title}`, `${turns.ratio('tombola', 'bare').toFixed(2)}×`))
    for (const [name, { title }] of entriesOf(peers)) {
      const ratio = turns.ratio('tombola', name)
      const least = work.least[name]
      const what = `Tombola : ${title}`
      lines.push(least === undefined ? info(what, `${ratio.toFixed(2)}×`) : atLeast(what, ratio, least, '×'))
      if (work.withWriter) lines.push(info('  with a writer', `${turns.ratio('shared', name).toFixed(2)}×`))
    }
    if (skipped !== null) lines.push(info('PostgreSQL', `skipped: ${skipped}`))
    lines.push(atMost('the load generator in its busiest round', turns.loadCores, MAX_LOAD_CORES, ' cores'))
    lines.push(holds('unexpected answers', turns.failed === 0, String(turns.failed)))
    report({ title: `Beside peers: ${work.title}`, how: howOf(effort), lines })
  }
}

const howOf = ({ rounds, roundSeconds }: Effort) =>
  `${rounds} rounds of ${roundSeconds} s in turn; medians, and the median of each round's ratios. CPU is that of server and database.`

const entriesOf = (peers: Peers['peers']) => Object.entries(peers) as [PeerName, Peer][]

async function publishAll(url: string, people: People): Promise<Raffles> {
  const terms = { prizes: 100, winPolicy: 'perTicket' } as const
  return {
    hot: await publishRaffle(url, people, terms),
    many: await publishMany(url, people),
    priced: await publishRaffle(url, people, { ...terms, price: 100 }),
  }
}

/** Gives a peer the same raffles, as our API shows them. */
async function copyTo(peer: string, from: string, { hot, many, priced }: Raffles): Promise<void> {
  const data: unknown[] = []
  for (const id of [hot, ...many, priced]) {
    data.push(await (await fetch(`${from}/api/v1/raffles/${id}`)).json())
  }
  const response = await fetch(`${peer}/bench/raffles`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ data }),
  })
  if (!response.ok) throw new Error(`A peer did not store the raffles: ${await response.text()}`)
}
