/** Makes the demo's raffle on an official lottery, in its next draw but one, and sells some of its numbers. */
import { call, listByLabel, type Stage } from './call.ts'
import { PLAYER, READERS } from './people.ts'
import { COMMON, DAY_MS, type RaffleInput } from './raffles.ts'
import { tokenOf } from './tokens.ts'

const TITLE = 'The last three digits: a reading chair'
const LOTTERY = 'Lotería del Río Grande'
const DIGITS = 3
const HOUR_MS = 3_600_000
/** Its lottery draws once a week. */
const WEEK_MS = 7 * DAY_MS
/** Who takes which numbers, the lowest one included. */
const NUMBERS: readonly [email: string, numbers: number[]][] = [
  [PLAYER.email, [0, 7, 427]],
  [READERS[0].email, [58, 310]],
  [READERS[1].email, [999]],
]

/** A draft of an interrupted run is published as it is. */
export async function makeLotteryRaffle(stage: Stage): Promise<void> {
  const { origin, organisationId, token } = stage
  const found = (await listByLabel(stage, '/raffles')).get(TITLE)
  const body = found === undefined ? { ...(await inputOf(stage)), organisationId } : undefined
  const raffle = found ?? (await call(origin, 'POST', '/raffles', { token, body }))
  if (raffle.status === 'draft')
    await call(origin, 'POST', `/raffles/${raffle.id}/publish`, { token, accept: [422] })
  for (const [email, numbers] of NUMBERS) {
    await call(origin, 'POST', '/tickets/purchase', {
      token: await tokenOf(origin, email),
      body: { raffleId: raffle.id, numbers },
      key: 'tombola-demo',
      // An earlier run has entered the person, or the raffle has closed.
      accept: [404, 409],
    })
  }
}

async function inputOf({ origin, token }: Stage): Promise<RaffleInput> {
  // With a token, because the public list may be a second old, and the lottery was made just now.
  const { data } = await call(origin, 'GET', '/lotteries?limit=100', { token })
  const { id: lotteryId, nextDraw } = data.find(({ name }: { name: string }) => name === LOTTERY)
  const later = (ms: number) => new Date(ms + WEEK_MS).toISOString()
  const drawAt = later(Date.parse(nextDraw.drawAt))
  return {
    ...COMMON,
    title: TITLE,
    description:
      'Pick your numbers. The first number of the lottery decides. If nobody has it, the next higher number wins.',
    tags: ['lottery'],
    totalTickets: 10 ** DIGITS,
    maxPerUser: 5,
    numbering: 'chosen',
    opensAt: new Date(Date.now() - HOUR_MS).toISOString(),
    closesAt: new Date(Date.parse(drawAt) - HOUR_MS).toISOString(),
    drawAt,
    winPolicy: 'perTicket',
    prizes: [{ title: 'A reading chair', quantity: 1 }],
    draw: {
      method: 'lottery',
      lotteryId,
      date: later(Date.parse(nextDraw.date)).slice(0, 10),
      digits: DIGITS,
      ifNobody: 'next',
    },
  }
}
