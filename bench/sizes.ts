/** Compares purchases by size, and purchases of chosen numbers in a raffle that is half sold. */
import { callsOf, type Door } from './load.ts'
import { type People, post, publishRaffle, purchaseDoor, purchases } from './raffle.ts'
import { holds, info, type Line, type Section } from './report.ts'
import type { Runtime } from './runtime.ts'
import { type Effort, takeTurns } from './turns.ts'

const SIZES = [1, 10, 100]
/** Enough raffles of a million tickets that no round sells them out. */
const RAFFLES_A_SIZE = 4
/** Purchases in one raffle before the next one's turn. */
const PURCHASES_A_RAFFLE = 9_000
const CHOSEN_TOTAL = 200_000
const NUMBERS_A_CALL = 1_000
/** Scatters the choices, and shares no factor with half of the total. */
const STRIDE = 61_803

export async function compareSizes(
  { urls, usage }: Runtime,
  people: People,
  effort: Effort,
): Promise<Section> {
  const url = urls.tombola!
  const contest = (door: Door) => ({ door, server: usage })
  const chosen = await halfTaken(url, people)
  const turns = await takeTurns(
    {
      1: contest(await sizeDoor(url, people, 1)),
      10: contest(await sizeDoor(url, people, 10)),
      100: contest(await sizeDoor(url, people, 100)),
      free: contest(chosen.free),
      taken: contest(chosen.taken),
    },
    effort,
  )
  const ofSize = (size: number): Line[] => [
    turns.line(size === 1 ? 'one ticket each' : `${size} tickets each`, String(size)),
    ...(size === 1
      ? []
      : [
          info(
            '  tickets a second : those of single purchases',
            `${(size * turns.ratio(String(size), '1')).toFixed(1)}×`,
          ),
        ]),
  ]
  return {
    title: 'Purchases by size, and chosen numbers: 32 connections, one raffle each',
    how: `${effort.rounds} alternating rounds of ${effort.roundSeconds} s. Chosen: every second one of ${CHOSEN_TOTAL} numbers is taken; one number each.`,
    lines: [
      ...SIZES.flatMap(ofSize),
      turns.line('a chosen number that is free', 'free'),
      info('  chosen : given out', `${turns.ratio('free', '1').toFixed(2)}×`),
      turns.line('a chosen number that is taken (refused)', 'taken'),
      holds('unexpected answers', turns.failed === 0, String(turns.failed)),
    ],
  }
}

/** Purchases of `size` tickets. Once a raffle has too few left, the next raffle follows. */
async function sizeDoor(url: string, people: People, size: number): Promise<Door> {
  const terms = { prizes: 100, winPolicy: 'perTicket' } as const
  const raffleIds: string[] = []
  for (let i = 0; i < RAFFLES_A_SIZE; i++) raffleIds.push(await publishRaffle(url, people, terms))
  let count = 0
  return callsOf(
    url,
    201,
    purchases(people, () => ({
      raffleId: raffleIds[Math.floor(count++ / PURCHASES_A_RAFFLE) % RAFFLES_A_SIZE],
      quantity: size,
    })),
  )
}

/** The two doors of one raffle: its odd numbers are taken, its even ones are chosen one by one. */
async function halfTaken(url: string, people: People): Promise<{ free: Door; taken: Door }> {
  const raffleId = await publishRaffle(url, people, {
    prizes: 100,
    winPolicy: 'perTicket',
    numbering: 'chosen',
    totalTickets: CHOSEN_TOTAL,
  })
  for (let from = 0; from < CHOSEN_TOTAL; from += 2 * NUMBERS_A_CALL) {
    const numbers = Array.from({ length: NUMBERS_A_CALL }, (_, i) => from + 2 * i + 1)
    const { path, headers } = purchases(people, () => ({}))()
    const token = headers.authorization!.slice('Bearer '.length)
    await post(url + path, token, { raffleId, numbers }, { 'idempotency-key': `half-${from}` })
  }
  const half = CHOSEN_TOTAL / 2
  let count = 0
  const scattered = () => ((count++ * STRIDE) % half) * 2
  const free = purchaseDoor(url, people, raffleId, () => ({ numbers: [scattered() + 2] }))
  const taken = purchases(people, () => ({ raffleId, numbers: [scattered() + 1] }))
  return { free, taken: callsOf(url, 409, taken) }
}
