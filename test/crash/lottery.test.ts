// The process dies at any call while the result of a lottery decides a raffle, or a correction decides it anew. Nobody may
// keep a prize that a correction took, and everybody must get each mail once.
import { describe, it } from 'vitest'
import { runSweep } from '../../src/cron.ts'
import {
  confirmResult,
  dateOf,
  drawOn,
  entrant,
  lotteryTerms,
  type OnLottery,
  stageLottery,
} from '../draws/lottery-stage.ts'
import { verifyPublished } from '../draws/proof-check.ts'
import { environment } from '../harness/environment.ts'
import { signedInAdmin } from '../harness/people.ts'
import {
  as,
  at,
  HOUR,
  iso,
  MINUTE,
  ringAlarm,
  stageRaffle,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import { everyCrash } from './flow.ts'
import { people, usePeople } from './stage.ts'

useClock()
usePeople()

interface Decided {
  raffle: OnLottery
}

/** A committed raffle whose official draw is being held: ticket 1 has one holder, ticket 2 another. */
async function stageHeld(): Promise<OnLottery & { date: string }> {
  const closesAt = Math.ceil(Date.now() / MINUTE) * MINUTE + HOUR
  const drawAt = closesAt + HOUR
  const date = dateOf(drawAt)
  const lotteryId = await stageLottery({ drawAt })
  const times = { closesAt: iso(closesAt), drawAt: iso(drawAt) }
  const terms = lotteryTerms(lotteryId, { ...times, draw: drawOn(lotteryId, { date }) })
  const raffle = await stageRaffle(terms, people.organisation)
  for (const number of [1, 2]) await entrant(raffle.id, [number])
  at(closesAt + 3_000)
  await ringAlarm(raffle.pool)
  at(drawAt)
  return { ...raffle, lotteryId, date }
}

const FIRST = ['0001', '0500', '0600']

/** Sentences if the winners are others, or if the proof does not hold. */
async function wrongWinners({ raffle: { id } }: Decided, expected: string): Promise<string[]> {
  const shown = (await winnersOf(id))
    .map(({ label, status, attempt }) => `${attempt}:${label}:${status}`)
    .join()
  const { wrong } = await verifyPublished(id)
  return [...(shown === expected ? [] : [`the winners of ${id} are ${shown}`]), ...wrong]
}

describe('a process that dies at any call loses and repeats nothing', { timeout: 180_000 }, () => {
  it('in the sweep that finds a result', async () => {
    await everyCrash<Decided>({
      stage: async () => {
        const raffle = await stageHeld()
        await confirmResult(raffle.lotteryId, FIRST, undefined, raffle.date)
        return { raffle }
      },
      act: (_, send) => send((bindings) => runSweep(environment(bindings), Date.now())),
      raffles: ({ raffle }) => [raffle],
      sweeps: true,
      wrong: (stage) => wrongWinners(stage, '0:001:announced'),
    })
  })

  it('in the sweep that finds a correction', async () => {
    await everyCrash<Decided>({
      stage: async () => {
        const raffle = await stageHeld()
        await confirmResult(raffle.lotteryId, FIRST, undefined, raffle.date)
        await sweep()
        await confirmResult(raffle.lotteryId, ['0002', '0500', '0600'], 'Misread.', raffle.date)
        return { raffle }
      },
      act: (_, send) => send((bindings) => runSweep(environment(bindings), Date.now())),
      raffles: ({ raffle }) => [raffle],
      sweeps: true,
      wrong: (stage) => wrongWinners(stage, '0:001:void,1:002:announced'),
    })
  })

  it('in the sweep that makes the draw of an archived lottery', async () => {
    await everyCrash<Decided & { date: string }>({
      stage: async () => {
        const raffle = await stageHeld()
        await as(await signedInAdmin(), 'PUT', `/lotteries/${raffle.lotteryId}`, { status: 'archived' })
        return { raffle, date: raffle.date }
      },
      act: (_, send) => send((bindings) => runSweep(environment(bindings), Date.now())),
      raffles: ({ raffle }) => [raffle],
      sweeps: true,
      wrong: async ({ raffle: { lotteryId }, date }) => {
        const { status, body } = await as(null, 'GET', `/lotteries/${lotteryId}/results/${date}`)
        return body.status === 'awaited' ? [] : [`the draw of ${lotteryId} is ${status} ${body.status}`]
      },
    })
  })
})
