/** Compares writes that share transactions with writes that each make a trip to D1 of their own. */
import { CONNECTIONS, type Door, median, pressure } from './load.ts'
import { during, pricedBuyer } from './priced.ts'
import { type People, publishRaffle, purchaseDoor } from './raffle.ts'
import { atLeast, atMost, holds, info, type Line, type Section } from './report.ts'
import type { Runtime } from './runtime.ts'
import type { Effort } from './speed.ts'

const RAFFLES = 100
const LIMITS = { alone: 1.15, hot: 0.8, shared: 1.2 }
const CALLS_ALONE = 120

interface Rate {
  perSecond: number
  failed: number
}

/** A kind of sale at one worker: one sale, or as many as `buyers` make in some seconds. */
interface Sale {
  once: () => Promise<boolean>
  under: (buyers: number, seconds: number) => Promise<Rate>
}

type Pair<Value> = Record<'shared' | 'direct', Value>

export async function compareWriters({ urls }: Runtime, people: People, effort: Effort): Promise<Section> {
  const shared = await salesAt(urls.shared!, people)
  const direct = await salesAt(urls.tombola!, people)
  const lines: Line[] = []
  let failed = 0
  const compare = async (what: keyof typeof shared, buyers: number, limit: number) => {
    const pairs = await underLoad({ shared: shared[what], direct: direct[what] }, buyers, effort)
    for (const pair of pairs) failed += pair.shared.failed + pair.direct.failed
    const rate = (name: keyof Pair<Rate>) => Math.round(median(pairs.map((pair) => pair[name].perSecond)))
    const ratio = median(pairs.map((pair) => pair.shared.perSecond / pair.direct.perSecond))
    lines.push(info(`${TITLES[what]}, ${buyers} buyers`, `${rate('shared')}/s : ${rate('direct')}/s`))
    lines.push(atLeast('  shared : direct', ratio, limit, '×'))
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

async function salesAt(url: string, people: People): Promise<Record<keyof typeof TITLES, Sale>> {
  const terms = { prizes: 100, winPolicy: 'perTicket' } as const
  const door = async () => purchaseDoor(url, people, await publishRaffle(url, people, terms))
  const doors: Door[] = []
  for (let i = 0; i < RAFFLES; i++) doors.push(await door())
  let turn = 0
  const buy = pricedBuyer(url, people, await publishRaffle(url, people, { ...terms, price: 100 }))
  return {
    many: freeSale({ ...doors[0]!, next: () => doors[turn++ % RAFFLES]!.next() }),
    hot: freeSale(await door()),
    priced: {
      once: buy,
      under: async (buyers, roundSeconds) => {
        const { done, seconds, failed } = await during(buy, roundSeconds, buyers)
        return { perSecond: done / seconds, failed }
      },
    },
  }
}

const freeSale = (door: Door): Sale => ({
  once: async () => {
    const { path, ...init } = door.next()
    const response = await fetch(door.url + path, init)
    await response.arrayBuffer()
    return response.status === door.expect
  },
  under: async (buyers, seconds) => {
    const { answered, failed } = await pressure(door, { seconds }, buyers)
    return { perSecond: answered / seconds, failed }
  },
})

async function underLoad(
  sales: Pair<Sale>,
  buyers: number,
  { rounds, roundSeconds }: Effort,
): Promise<Pair<Rate>[]> {
  const pairs: Pair<Rate>[] = []
  for (let round = -1; round < rounds; round++) {
    const pair = {} as Pair<Rate>
    for (const name of namesInTurn(round)) pair[name] = await sales[name].under(buyers, roundSeconds)
    // The first round warms both up.
    if (round >= 0) pairs.push(pair)
  }
  return pairs
}

/** Calls take turns one by one, so that whatever else the machine does slows both alike. */
async function oneByOne(sales: Pair<Sale>): Promise<{ ms: Pair<number[]>; failed: number }> {
  const ms: Pair<number[]> = { shared: [], direct: [] }
  let failed = 0
  for (let call = 0; call < CALLS_ALONE; call++) {
    for (const name of namesInTurn(call)) {
      const start = performance.now()
      if (await sales[name].once()) ms[name].push(performance.now() - start)
      else failed++
    }
  }
  return { ms, failed }
}

const namesInTurn = (round: number): (keyof Pair<unknown>)[] =>
  round % 2 === 0 ? ['shared', 'direct'] : ['direct', 'shared']
