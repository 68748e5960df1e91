/** Compares writes through the database writer with writes that each go to D1 by themselves. */
import { type Door, median, pressure } from './load.ts'
import { during, pricedBuyer } from './priced.ts'
import { type People, publishRaffle, purchaseDoor } from './raffle.ts'
import { atLeast, holds, info, type Line, type Section } from './report.ts'
import type { Runtime } from './runtime.ts'
import type { Effort } from './speed.ts'

const RAFFLES = 100
const CONNECTIONS = [1, 16, 64] as const
/** A caller alone must lose at most this much by the hop. */
const MIN_ALONE = 0.9
const MIN_LOADED = 1.2

/** What one worker sells in a round, and how much of it failed. */
interface Rate {
  perSecond: number
  failed: number
}

type Load = (connections: number, seconds: number) => Promise<Rate>

export async function compareWriters(
  { urls }: Runtime,
  people: People,
  { rounds, roundSeconds }: Effort,
): Promise<Section> {
  const joined = await loadsOf(urls.tombola!, people)
  const direct = await loadsOf(urls.direct!, people)
  const lines: Line[] = []
  let failed = 0
  for (const what of Object.keys(joined)) {
    for (const connections of CONNECTIONS) {
      const pairs: { joined: Rate; direct: Rate }[] = []
      for (let round = -1; round < rounds; round++) {
        const pair = await inTurn(round % 2 === 0, {
          joined: () => joined[what]!(connections, roundSeconds),
          direct: () => direct[what]!(connections, roundSeconds),
        })
        failed += pair.joined.failed + pair.direct.failed
        // The first round warms both up.
        if (round >= 0) pairs.push(pair)
      }
      const rate = (name: 'joined' | 'direct') =>
        Math.round(median(pairs.map((pair) => pair[name].perSecond)))
      const ratio = median(pairs.map((pair) => pair.joined.perSecond / pair.direct.perSecond))
      const title = `${what}, ${connections} at once`
      lines.push(info(title, `${rate('joined')}/s : ${rate('direct')}/s`))
      lines.push(atLeast(`${title}: joined : direct`, ratio, connections === 1 ? MIN_ALONE : MIN_LOADED, '×'))
    }
  }
  lines.push(holds('unexpected answers', failed === 0, String(failed)))
  return {
    title: 'Writes of many callers in one transaction',
    how: `The same worker with one database writer and with none; ${rounds} alternating rounds of ${roundSeconds} s; medians.`,
    lines,
  }
}

async function inTurn(
  reverse: boolean,
  { joined, direct }: Record<'joined' | 'direct', () => Promise<Rate>>,
): Promise<{ joined: Rate; direct: Rate }> {
  if (!reverse) return { joined: await joined(), direct: await direct() }
  const second = await direct()
  return { joined: await joined(), direct: second }
}

async function loadsOf(url: string, people: People): Promise<Record<string, Load>> {
  const terms = { prizes: 100, winPolicy: 'perTicket' } as const
  const hot = purchaseDoor(url, people, await publishRaffle(url, people, terms))
  const doors: Door[] = []
  for (let i = 0; i < RAFFLES; i++) {
    doors.push(purchaseDoor(url, people, await publishRaffle(url, people, terms)))
  }
  let turn = 0
  const many: Door = { ...hot, next: () => doors[turn++ % doors.length]!.next() }
  const buy = pricedBuyer(url, people, await publishRaffle(url, people, { ...terms, price: 100 }))
  const free =
    (door: Door): Load =>
    async (connections, seconds) => {
      const { requestsPerSecond, failed } = await pressure(door, { seconds }, connections)
      return { perSecond: requestsPerSecond, failed }
    }
  return {
    [`free entries, ${RAFFLES} raffles`]: free(many),
    'free entries, one raffle': free(hot),
    'priced purchases, one raffle': async (connections, seconds) => {
      const sold = await during(buy, seconds, connections)
      return { perSecond: sold.done / sold.seconds, failed: sold.failed }
    },
  }
}
