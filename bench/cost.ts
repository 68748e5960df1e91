/** What a million tickets cost on the platform: what one ticket was counted to use, times the platform's public prices. */
import type { Counts } from './counters.ts'
import { CONNECTIONS, type Door, pressure, type Round } from './load.ts'
import { countsOf, perVisit, pricedDoor } from './priced.ts'
import { type People, publishRaffle, purchaseDoor } from './raffle.ts'
import { atMost, holds, info, type Line, type Section } from './report.ts'
import type { Runtime } from './runtime.ts'
import { ALARM_MS } from './speed.ts'
import type { Effort } from './turns.ts'

/**
 * In US dollars for a million of each, above what the paid plan includes. Read on 30 November 2026 at
 * developers.cloudflare.com: `workers/platform/pricing`, `durable-objects/platform/pricing` and `d1/platform/pricing`.
 */
const PRICES = {
  workerRequests: 0.3,
  workerCpuMs: 0.02,
  objectRequests: 0.15,
  objectGbSeconds: 12.5,
  rowsRead: 0.001,
  rowsWritten: 1,
}
/** An object is billed for this memory while it works, whatever it uses. */
const OBJECT_GB = 0.128
/** The purchase; for a sale for money also the provider's webhook. The sandbox's page stands for the provider's own. */
const REQUESTS = { free: 1, priced: 2 }
const LIMITS = { free: 10, priced: 32, rows: 24, trips: 5 }
const BUYERS = 16
const SALES_ALONE = 2

interface Use extends Counts {
  title: string
  requests: number
  cpuMs: number
  seconds: number
  failed: number
}

type Part = [what: string, price: number, of: (use: Use) => number]

const PARTS: Part[] = [
  ['Worker: requests', PRICES.workerRequests, ({ requests }) => requests],
  ['Worker: CPU, ms', PRICES.workerCpuMs, ({ cpuMs }) => cpuMs],
  ['objects: requests and alarms', PRICES.objectRequests, ({ objectCalls }) => objectCalls],
  ['objects: duration, GB-s', PRICES.objectGbSeconds, ({ seconds }) => seconds * OBJECT_GB],
  ['objects: rows read', PRICES.rowsRead, ({ objectRead }) => objectRead],
  ['objects: rows written', PRICES.rowsWritten, ({ object }) => object],
  ['D1: rows read', PRICES.rowsRead, ({ databaseRead }) => databaseRead],
  ['D1: rows written', PRICES.rowsWritten, ({ database, sandbox }) => database - sandbox],
]

const dollars = (use: Use): number => PARTS.reduce((sum, [, price, of]) => sum + price * of(use), 0)

export async function priceMillion(
  { urls, usage }: Runtime,
  people: People,
  { roundSeconds }: Effort,
): Promise<Section> {
  const url = urls.tombola!
  const terms = { prizes: 100, winPolicy: 'perTicket' } as const
  const free = purchaseDoor(url, people, await publishRaffle(url, people, terms))
  const priced = pricedDoor(url, people, await publishRaffle(url, people, { ...terms, price: 100 }))

  /** Runs `work` and returns what each sale used, with what the alarm does afterwards. */
  async function count(work: () => Promise<Round>): Promise<Counts & { round: Round; cpuMs: number }> {
    const [before, cpu] = [await countsOf(url), usage.cpuSeconds]
    const round = await work()
    const cpuMs = cpu === null ? 0 : ((usage.cpuSeconds! - cpu) * 1_000) / round.answered
    await new Promise((resume) => setTimeout(resume, ALARM_MS))
    return { ...perVisit(before, await countsOf(url), round.answered), round, cpuMs }
  }
  /** Sales that meet nobody else: each waits until the pool has nothing left to do. */
  async function alone(title: string, door: Door, requests: number): Promise<Use> {
    const sales: (Counts & { round: Round })[] = []
    for (let i = 0; i < SALES_ALONE; i++) sales.push(await count(() => pressure(door, { requests: 1 }, 1)))
    // One after the other, to measure times that a single sale is too short for.
    const row = await count(() => pressure(door, { seconds: roundSeconds }, 1))
    const rounds = [...sales.map(({ round }) => round), row.round]
    const failed = rounds.reduce((sum, round) => sum + round.failed, 0)
    const worst = sales.reduce((most, sale) => (sale.database > most.database ? sale : most))
    return { ...worst, title, requests, cpuMs: row.cpuMs, seconds: row.round.p50Ms / 1_000, failed }
  }
  async function busy(title: string, door: Door, requests: number, buyers: number): Promise<Use> {
    const { round, ...each } = await count(() => pressure(door, { seconds: 2 * roundSeconds }, buyers))
    return { ...each, title, requests, seconds: 1 / round.perSecond, failed: round.failed }
  }

  await pressure(free, { seconds: roundSeconds })
  await pressure(priced, { seconds: roundSeconds })
  await new Promise((resume) => setTimeout(resume, ALARM_MS))
  const freeAlone = await alone('free, alone', free, REQUESTS.free)
  const pricedAlone = await alone('priced, alone', priced, REQUESTS.priced)
  const uses = [
    freeAlone,
    await busy(`free, ${CONNECTIONS}`, free, REQUESTS.free, CONNECTIONS),
    pricedAlone,
    await busy(`priced, ${BUYERS}`, priced, REQUESTS.priced, BUYERS),
  ]
  const table = (what: string, cell: (use: Use) => string): Line =>
    info(what, uses.map((use) => cell(use).padStart(16)).join(''))
  const failed = uses.reduce((sum, use) => sum + use.failed, 0)
  return {
    title: 'The cost of a million tickets',
    how: HOW,
    lines: [
      table('for each ticket: counted, and $ a million', ({ title }) => title),
      ...PARTS.map(([what, price, of]) =>
        table(what, (use) => `${of(use).toFixed(3)} $${(price * of(use)).toFixed(2)}`),
      ),
      table('together', (use) => `$${dollars(use).toFixed(2)}`),
      atMost('a million free entries, each alone', dollars(freeAlone), LIMITS.free, ' $'),
      atMost('a million priced tickets, each alone', dollars(pricedAlone), LIMITS.priced, ' $'),
      atMost(
        'D1 rows written, a priced order alone',
        pricedAlone.database - pricedAlone.sandbox,
        LIMITS.rows,
      ),
      atMost('D1 trips, a priced order alone', pricedAlone.trips - pricedAlone.sandboxTrips, LIMITS.trips),
      holds('unexpected answers', failed === 0, String(failed)),
    ],
  }
}

const HOW = `Alone: nobody else buys until the pool rests, so no commit and no trip is shared: the dearest case. Otherwise as many buyers at once.
Rows and calls are counted, with index rows and alarms, and without the sandbox's own books. CPU is that of the whole
process, with objects and D1. An object is billed for ${OBJECT_GB} GB while it works; alone, that is as long as the sale takes.
Nothing is deducted for what the plan includes. Storage, mails, draws and reads are not in it.`
