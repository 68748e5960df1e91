/** Compares the speed of a purchase with the two peers, and counts the rows it writes alone and under load. */
import { type Door, median, medianRound, pace, pressure, type Round } from './load.ts'
import { type People, publishRaffle, purchaseDoor } from './raffle.ts'
import { atLeast, atMost, holds, info, type Line, type Section } from './report.ts'
import type { Runtime } from './runtime.ts'

const MIN_RATIO = 1.1
const WARM_UP_SECONDS = 4
const LIMITS = { alone: { object: 6, database: 4 }, load: { object: 2.2, database: 2.2 } }

export interface Effort {
  rounds: number
  roundSeconds: number
}

const perSecond = ({ requestsPerSecond, p50Ms, p99Ms }: Round): string =>
  `${Math.round(requestsPerSecond)}/s  p50 ${p50Ms.toFixed(1)}  p99 ${p99Ms.toFixed(1)} ms`

export async function compareDoors(runtime: Runtime, people: People, effort: Effort): Promise<Section> {
  const { tombola, limited, peers } = runtime.urls as Record<string, string>
  const terms = { prizes: 100, winPolicy: 'perTicket' } as const
  const purchase = purchaseDoor(tombola!, people, await publishRaffle(tombola!, people, terms))
  const doors: Record<string, Door> = {
    hello: { ...purchase, url: peers!, expect: 200, next: () => ({ ...purchase.next(), path: '/hello' }) },
    oneRow: { ...purchase, url: peers! },
    purchase,
  }
  const rounds: Record<string, Round[]> = Object.fromEntries(Object.keys(doors).map((name) => [name, []]))
  for (let round = -1; round < effort.rounds; round++) {
    // Every second round runs in reverse order, so that no endpoint always follows the same one.
    const inTurn = Object.entries(doors)
    for (const [name, door] of round % 2 === 0 ? inTurn : inTurn.reverse()) {
      // The first round warms each endpoint up, until its code is compiled.
      const result = await pressure(door, { seconds: round < 0 ? WARM_UP_SECONDS : effort.roundSeconds })
      if (round >= 0) rounds[name]!.push(result)
    }
  }
  const limitedDoor = purchaseDoor(limited!, people, await publishRaffle(limited!, people, terms))
  const behindLimiter = await pressure(limitedDoor, { seconds: effort.roundSeconds })
  const ratioTo = (name: string, peer: string) =>
    median(rounds[name]!.map((each, i) => each.requestsPerSecond / rounds[peer]![i]!.requestsPerSecond))
  const failed = Object.values(rounds)
    .flat()
    .reduce((sum, each) => sum + each.failed, behindLimiter.failed)
  const line = (what: string, name: string): Line => info(what, perSecond(medianRound(rounds[name]!)))
  return {
    title: 'One hot raffle: 32 connections, one ticket each',
    how: `${effort.rounds} alternating rounds of ${effort.roundSeconds} s; medians, and the median of each round's ratios.`,
    lines: [
      line('hello (Hono, text)', 'hello'),
      line('one row per call (Durable Object)', 'oneRow'),
      line('purchase (everything on)', 'purchase'),
      info("purchase behind Miniflare's own rate limiter", perSecond(behindLimiter)),
      atLeast('purchase : one row per call', ratioTo('purchase', 'oneRow'), MIN_RATIO, '×'),
      info('purchase : hello', `${ratioTo('purchase', 'hello').toFixed(2)}×`),
      holds('unexpected answers', failed === 0, String(failed)),
    ],
  }
}

interface Rows {
  object: number
  database: number
}

export async function countRows(
  { urls }: Runtime,
  people: People,
  { roundSeconds }: Effort,
): Promise<Section> {
  const url = urls.tombola!
  const raffleId = await publishRaffle(url, people, { prizes: 100, winPolicy: 'perTicket' })
  const door = purchaseDoor(url, people, raffleId)
  const rows = async () => (await (await fetch(`${url}/bench/rows`)).json()) as Rows
  /** The rows per entry, with those that the alarm writes within `settleMs` afterwards. */
  const during = async (work: () => Promise<Round>, settleMs: number) => {
    const before = await rows()
    const round = await work()
    await new Promise((resume) => setTimeout(resume, settleMs))
    const after = await rows()
    return {
      round,
      object: (after.object - before.object) / round.answered,
      database: (after.database - before.database) / round.answered,
    }
  }
  await new Promise((resume) => setTimeout(resume, ALARM_MS))
  const one = await during(() => pressure(door, { requests: 1 }, 1), ALARM_MS)
  const sequence = await during(() => pressure(door, { seconds: roundSeconds }, 1), ALARM_MS)
  const paced = await during(() => pace(door, 100, 100 * PACED_SECONDS), 0)
  const pressed = await during(() => pressure(door, { seconds: roundSeconds }), 0)
  const lines = (what: string, each: typeof one, limit: Rows): Line[] => [
    atMost(`${what}: rows in the object`, each.object, limit.object),
    atMost(`${what}: rows in D1`, each.database, limit.database),
  ]
  const rate = ({ round }: typeof one) => `${Math.round(round.requestsPerSecond)}/s`
  return {
    title: 'Rows written per entry',
    how: 'Every row that the object and the worker write, with indexes, alarms and the watermark.',
    lines: [
      ...lines('a single entry, and the alarm after it', one, LIMITS.alone),
      ...lines(`one connection (${rate(sequence)})`, sequence, LIMITS.alone),
      ...lines(`evenly paced (${rate(paced)})`, paced, LIMITS.load),
      ...lines(`32 connections (${rate(pressed)})`, pressed, LIMITS.load),
    ],
  }
}

/** The alarm that checks on a projection rings five seconds later. */
const ALARM_MS = 5_500
const PACED_SECONDS = 3
