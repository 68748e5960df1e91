/** Compares the speed of a purchase with a bare worker's, and counts the rows it writes alone and under load. */
import { callsOf, type Door, pace, pressure, type Round } from './load.ts'
import { type People, publishRaffle, purchaseDoor, purchases } from './raffle.ts'
import { atLeast, atMost, holds, info, type Line, type Section } from './report.ts'
import type { Runtime } from './runtime.ts'
import { type Effort, speedOf, takeTurns } from './turns.ts'

const MIN_RATIO = 1.1
const WARM_UP_SECONDS = 4
const LIMITS = { alone: { object: 6, database: 4 }, load: { object: 2.2, database: 2.2 } }

export async function compareDoors(runtime: Runtime, people: People, effort: Effort): Promise<Section> {
  const { tombola, limited, bare } = runtime.urls as Record<string, string>
  const terms = { prizes: 100, winPolicy: 'perTicket' } as const
  const raffleId = await publishRaffle(tombola!, people, terms)
  const hello = purchases(people, () => ({ raffleId, quantity: 1 }), '/hello')
  const contest = (door: Door) => ({ door, server: runtime.usage })
  const turns = await takeTurns(
    {
      hello: contest(callsOf(bare!, 200, hello)),
      oneRow: contest(purchaseDoor(bare!, people, raffleId)),
      purchase: contest(purchaseDoor(tombola!, people, raffleId)),
    },
    effort,
    { warmUpSeconds: WARM_UP_SECONDS },
  )
  const limitedDoor = purchaseDoor(limited!, people, await publishRaffle(limited!, people, terms))
  const behindLimiter = await pressure(limitedDoor, { seconds: effort.roundSeconds })
  const failed = turns.failed + behindLimiter.failed
  return {
    title: 'One hot raffle: 32 connections, one ticket each',
    how: `${effort.rounds} alternating rounds of ${effort.roundSeconds} s; medians, and the median of each round's ratios.`,
    lines: [
      turns.line('hello (Hono, text)', 'hello'),
      turns.line('one row per call (Durable Object)', 'oneRow'),
      turns.line('purchase (everything on)', 'purchase'),
      info("purchase behind Miniflare's own rate limiter", speedOf(behindLimiter)),
      atLeast('purchase : one row per call', turns.ratio('purchase', 'oneRow'), MIN_RATIO, '×'),
      info('purchase : hello', `${turns.ratio('purchase', 'hello').toFixed(2)}×`),
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
  const rate = ({ round }: typeof one) => `${Math.round(round.perSecond)}/s`
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
export const ALARM_MS = 5_500
const PACED_SECONDS = 3
