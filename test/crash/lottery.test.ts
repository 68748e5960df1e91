// The process dies at any call while the result of a lottery decides a raffle, or a correction decides it anew. Nobody may
// keep a prize that a correction took, and everybody must get each mail once.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { runSweep } from '../../src/cron.ts'
import {
  confirmResult,
  dateOf,
  drawOn,
  entrant,
  lotteryTerms,
  moveDraw,
  type OnLottery,
  stageLottery,
} from '../draws/lottery-stage.ts'
import { verifyPublished } from '../draws/proof-check.ts'
import { environment } from '../harness/environment.ts'
import { signedInAdmin } from '../harness/people.ts'
import {
  as,
  at,
  DAY,
  HOUR,
  iso,
  MINUTE,
  read,
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

interface Open extends OnLottery {
  date: string
  /** Instants in ms. */
  opensAt: number
  closesAt: number
  drawAt: number
}

/** A raffle on sale: ticket 1 has one holder, ticket 2 another. The draw is two hours away, on the same day. */
async function stageOpen(): Promise<Open> {
  const now = Math.ceil(Date.now() / MINUTE) * MINUTE
  const opensAt = dateOf(now) === dateOf(now + 2 * HOUR) ? now : Math.ceil(now / DAY) * DAY
  at(opensAt)
  const closesAt = opensAt + HOUR
  const drawAt = closesAt + HOUR
  const date = dateOf(drawAt)
  const lotteryId = await stageLottery({ drawAt })
  const times = { closesAt: iso(closesAt), drawAt: iso(drawAt) }
  const terms = lotteryTerms(lotteryId, { ...times, draw: drawOn(lotteryId, { date }) })
  const raffle = await stageRaffle(terms, people.organisation)
  for (const number of [1, 2]) await entrant(raffle.id, [number])
  return { ...raffle, lotteryId, date, opensAt, closesAt, drawAt }
}

/** The raffle has committed, and its official draw is being held. */
async function stageHeld(): Promise<Open> {
  const raffle = await stageOpen()
  at(raffle.closesAt + 3_000)
  await ringAlarm(raffle.pool)
  at(raffle.drawAt)
  return raffle
}

/** Two admins say that it is not held. */
async function skipDraw({ lotteryId, date }: Open): Promise<void> {
  const path = `/lotteries/${lotteryId}/results/${date}/skip`
  for (const admin of [await signedInAdmin(), await signedInAdmin()]) {
    const { status, body } = await as(admin, 'POST', path, { reason: 'A holiday.' })
    expect(status, JSON.stringify(body)).toBe(200)
  }
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

/** Sentences if the raffle is not cancelled for this reason, or if the audit says so less or more than once. */
async function wrongCancellation({ raffle: { id } }: Decided, reason: string): Promise<string[]> {
  const { status, cancellation } = await read(id)
  const audited = await env.DB.prepare(
    `SELECT count(*) AS times FROM audit WHERE subject_id = ? AND action = 'raffle.cancelled'`,
  )
    .bind(id)
    .first<{ times: number }>()
  const shown = `${status}: ${cancellation?.reason}, audited ${audited!.times} times`
  return shown === `cancelled: ${reason}, audited 1 times` ? [] : [`${id} is ${shown}`]
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

  it.each(['published', 'held'])(
    'in the sweep that cancels a raffle whose official draw was %s too early',
    async (what) => {
      await everyCrash<Decided>({
        stage: async () => {
          const raffle = await stageOpen()
          const drawAt = raffle.opensAt + 30 * MINUTE
          await moveDraw(raffle.lotteryId, iso(drawAt).slice(11, 16))
          await env.DB.prepare('UPDATE lotteries SET next_draw_at = ? WHERE id = ?')
            .bind(drawAt, raffle.lotteryId)
            .run()
          at(drawAt)
          if (what === 'published') await confirmResult(raffle.lotteryId, FIRST, undefined, raffle.date)
          // Makes the official draw. The next sweep finds that it was held.
          else await sweep()
          return { raffle }
        },
        act: (_, send) => send((bindings) => runSweep(environment(bindings), Date.now())),
        raffles: ({ raffle }) => [raffle],
        sweeps: true,
        wrong: (stage) =>
          wrongCancellation(
            stage,
            `The official ${what === 'held' ? 'draw' : 'result'} was ${what} before the list of tickets was fixed.`,
          ),
      })
    },
  )

  it('in the sweep that cancels a raffle on sale whose official draw was skipped', async () => {
    await everyCrash<Decided>({
      stage: async () => {
        const raffle = await stageOpen()
        await skipDraw(raffle)
        return { raffle }
      },
      act: (_, send) => send((bindings) => runSweep(environment(bindings), Date.now())),
      raffles: ({ raffle }) => [raffle],
      sweeps: true,
      wrong: (stage) => wrongCancellation(stage, 'The official draw was not held.'),
    })
  })
})
