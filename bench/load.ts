/** The load generator: as many visits as some connections carry, or a steady rate; with exact percentiles. */
import { type Call, Connection } from './connection.ts'

/** A piece of work at a server. A visit makes one call or several, and says whether each was answered as expected. */
export interface Door {
  url: string
  visit: (connection: Connection) => Promise<boolean>
}

export interface Round {
  perSecond: number
  p50Ms: number
  p99Ms: number
  /** Visits that were answered as expected. */
  answered: number
  failed: number
  /** The cores that the load generator kept busy. Near 1 it is the bottleneck, since it has one thread. */
  loadCores: number
}

export const CONNECTIONS = 32

/** A request with a cookie gets an answer of its own: it shares none with others, so it makes its query. */
export const ALONE = { cookie: 'bench=1' }

/** Visits of one call each, which differs each time. */
export const callsOf = (url: string, expect: number, next: () => Call): Door => ({
  url,
  visit: async (connection) => (await connection.send(next())).status === expect,
})

/** Loads all connections at once: each makes its next visit as soon as it has an answer. */
export async function pressure(
  door: Door,
  bound: { seconds: number } | { requests: number },
  connections = CONNECTIONS,
): Promise<Round> {
  const tally = new Tally()
  let left = 'requests' in bound ? bound.requests : Number.POSITIVE_INFINITY
  const end = performance.now() + ('seconds' in bound ? bound.seconds * 1_000 : Number.POSITIVE_INFINITY)
  const visitor = async () => {
    let connection = await Connection.open(door.url)
    while (left > 0 && performance.now() < end) {
      left--
      // A connection that failed is of no use any more.
      if (!(await tally.count(() => door.visit(connection)))) {
        connection.close()
        connection = await Connection.open(door.url)
      }
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: connections }, visitor))
  return tally.round()
}

/** Makes visits at even intervals, whether or not earlier ones have been answered. */
export async function pace(door: Door, perSecond: number, visits: number): Promise<Round> {
  const tally = new Tally()
  const idle: Connection[] = []
  const start = performance.now()
  const visit = async () => {
    const connection = idle.pop() ?? (await Connection.open(door.url))
    if (await tally.count(() => door.visit(connection))) idle.push(connection)
    else connection.close()
  }
  const made: Promise<void>[] = []
  for (let index = 0; index < visits; index++) {
    const wait = start + (index * 1_000) / perSecond - performance.now()
    if (wait > 0) await new Promise((resume) => setTimeout(resume, wait))
    made.push(visit())
  }
  await Promise.all(made)
  for (const connection of idle) connection.close()
  return tally.round()
}

class Tally {
  readonly #times: number[] = []
  #failed = 0
  readonly #start = performance.now()
  readonly #cpu = process.cpuUsage()

  /** False: an unexpected answer, or none. */
  async count(visit: () => Promise<boolean>): Promise<boolean> {
    const began = performance.now()
    const isExpected = await visit().catch(() => false)
    if (isExpected) this.#times.push(performance.now() - began)
    else this.#failed++
    return isExpected
  }

  round(): Round {
    const seconds = (performance.now() - this.#start) / 1_000
    const { user, system } = process.cpuUsage(this.#cpu)
    const times = this.#times.sort((a, b) => a - b)
    const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? Number.NaN
    return {
      perSecond: times.length / seconds,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      answered: times.length,
      failed: this.#failed,
      loadCores: (user + system) / 1e6 / seconds,
    }
  }
}

export const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!

/** Each figure's median over several rounds, the sums of visits, and the busiest round of the load generator. */
export const medianRound = (rounds: Round[]): Round => ({
  perSecond: median(rounds.map((round) => round.perSecond)),
  p50Ms: median(rounds.map((round) => round.p50Ms)),
  p99Ms: median(rounds.map((round) => round.p99Ms)),
  answered: rounds.reduce((sum, round) => sum + round.answered, 0),
  failed: rounds.reduce((sum, round) => sum + round.failed, 0),
  loadCores: Math.max(...rounds.map((round) => round.loadCores)),
})
