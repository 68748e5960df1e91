/** Compares writes that share transactions with writes that each make a trip to D1 of their own. */
import { CONNECTIONS, callsOf, type Door, median, pressure } from './load.ts'
import { pricedDoor } from './priced.ts'
import { type People, publishRaffle, purchaseDoor, purchases } from './raffle.ts'
import { atLeast, atMost, holds, info, type Line, type Section } from './report.ts'
import type { Runtime } from './runtime.ts'
import { type Effort, takeTurns } from './turns.ts'

const RAFFLES = 100
const LIMITS = { alone: 1.15, hot: 0.8, shared: 1.2 }
const CALLS_ALONE = 120

type Pair<Value> = Record<'shared' | 'direct', Value>

export async function compareWriters(
  { urls, usage }: Runtime,
  people: People,
  effort: Effort,
): Promise<Section> {
  const shared = await salesAt(urls.shared!, people)
  const direct = await salesAt(urls.tombola!, people)
  const lines: Line[] = []
  let failed = 0
  const compare = async (what: keyof typeof shared, connections: number, limit: number) => {
    const contest = (door: Door) => ({ door, server: usage })
    const turns = await takeTurns({ shared: contest(shared[what]), direct: contest(direct[what]) }, effort, {
      connections,
    })
    failed += turns.failed
    const rate = (name: keyof Pair<Door>) =>
      Math.round(median(turns.of(name).map(({ perSecond }) => perSecond)))
    lines.push(info(`${TITLES[what]}, ${connections} buyers`, `${rate('shared')}/s : ${rate('direct')}/s`))
    lines.push(atLeast('  shared : direct', turns.ratio('shared', 'direct'), limit, '×'))
  }
  await compare('many', CONNECTIONS, LIMITS.shared)
  await compare('hot', CONNECTIONS, LIMITS.hot)
  await compare('priced', 16, LIMITS.shared)
  await compare('priced', 64, LIMITS.shared)
  for (const what of ['hot', 'priced'] as const) {
    const alone = await oneByOne({ shared: shared[what], direct: direct[what] })
    failed += alone.failed
    const [ours, theirs] = [median(alone.ms.shared), median(alone.ms.direct)]
    lines.push(info(`${TITLES[what]}, a single buyer`, `${ours.toFixed(1)} ms : ${theirs.toFixed(1)} ms`))
    lines.push(atMost('  time, shared : direct', ours / theirs, LIMITS.alone, '×'))
  }
  lines.push(holds('unexpected answers', failed === 0, String(failed)))
  return {
    title: 'Writes of many callers in one transaction',
    how: 'The same worker with one database writer and with none, in turn: rounds of some seconds, or single calls; medians.',
    lines,
  }
}

const TITLES = {
  many: `free entries in ${RAFFLES} raffles`,
  hot: 'free entries in one raffle',
  priced: 'priced purchases, paid and issued',
}

async function salesAt(url: string, people: People): Promise<Record<keyof typeof TITLES, Door>> {
  const terms = { prizes: 100, winPolicy: 'perTicket' } as const
  return {
    many: manyDoor(url, people, await publishMany(url, people)),
    hot: purchaseDoor(url, people, await publishRaffle(url, people, terms)),
    priced: pricedDoor(url, people, await publishRaffle(url, people, { ...terms, price: 100 })),
  }
}

export async function publishMany(url: string, people: People): Promise<string[]> {
  const raffleIds: string[] = []
  for (let i = 0; i < RAFFLES; i++) {
    raffleIds.push(await publishRaffle(url, people, { prizes: 100, winPolicy: 'perTicket' }))
  }
  return raffleIds
}

/** Free entries in one raffle after another. */
export function manyDoor(url: string, people: People, raffleIds: string[]): Door {
  let turn = 0
  const next = purchases(people, () => ({ raffleId: raffleIds[turn++ % raffleIds.length], quantity: 1 }))
  return callsOf(url, 201, next)
}

/** Calls take turns one by one, so that whatever else the machine does slows both alike. */
async function oneByOne(doors: Pair<Door>): Promise<{ ms: Pair<number[]>; failed: number }> {
  const ms: Pair<number[]> = { shared: [], direct: [] }
  let failed = 0
  for (let call = 0; call < CALLS_ALONE; call++) {
    for (const name of call % 2 === 0 ? (['shared', 'direct'] as const) : (['direct', 'shared'] as const)) {
      const round = await pressure(doors[name], { requests: 1 }, 1)
      failed += round.failed
      if (round.answered > 0) ms[name].push(round.p50Ms)
    }
  }
  return { ms, failed }
}
