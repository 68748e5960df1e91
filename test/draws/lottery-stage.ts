// Raffles that an official lottery decides, for tests: the lottery, its results as they count, and a raffle on it.
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import type { Organisation, Person } from '../harness/people.ts'
import { registerPlayer } from '../harness/people.ts'
import {
  at,
  buy,
  CLOSES_AT,
  HOUR,
  iso,
  ringAlarm,
  type Staged,
  stageRaffle,
  sweep,
} from '../raffles/scenario.ts'

/** The lottery draws daily at 9 in Bogota, which is 14:00 UTC. */
export const OFFICIAL_DRAW = CLOSES_AT + HOUR
export const DATE = '2031-05-05'
export const SOURCE = 'https://results.example/2031-05-05.json'

/** The day of a draw in UTC, in which all drawing times of tests have the same date as in Bogota. */
export const dateOf = (ms: number): string => iso(ms).slice(0, 10)

/** `drawAt`: its daily draw is at this time, in UTC. */
export async function stageLottery(
  changes: { digits?: number; status?: string; drawAt?: number } = {},
): Promise<string> {
  const id = newId('lottery')
  const { digits = 4, status = 'active', drawAt } = changes
  const [time, zone] = drawAt === undefined ? ['09:00', 'America/Bogota'] : [iso(drawAt).slice(11, 16), 'UTC']
  const cadence = JSON.stringify({ every: 'day' })
  await env.DB.prepare(
    `INSERT INTO lotteries (id, name, country, cadence, time, time_zone, numbers_per_draw, digits, status, revision,
       created_at, updated_at) VALUES (?, 'Lotería', 'CO', ?, ?, ?, 3, ?, ?, 1, 0, 0)`,
  )
    .bind(id, cadence, time, zone, digits, status)
    .run()
  return id
}

/** A result that two people have confirmed: the first of the draw, or the next correction. */
export async function confirmResult(
  lotteryId: string,
  numbers: string[],
  reason?: string,
  date = DATE,
): Promise<void> {
  const record = newId('lotteryRecord')
  const [author, second] = [newId('user'), newId('user')]
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO lottery_records (id, lottery_id, date, origin, author, numbers, source, reason, status, recorded_at,
         decided_by, decided_at) VALUES (?1, ?2, ?3, 'person', ?4, ?5, ?6, ?7, 'confirmed', ?8, ?9, ?8)`,
    ).bind(
      record,
      lotteryId,
      date,
      author,
      JSON.stringify(numbers),
      SOURCE,
      reason ?? null,
      Date.now(),
      second,
    ),
    env.DB.prepare(
      `INSERT INTO lottery_results (lottery_id, date, revision, record_id, numbers, source, reason, confirmed_at)
       SELECT ?1, ?2, count(*), ?3, ?4, ?5, ?6, ?7 FROM lottery_results WHERE lottery_id = ?1 AND date = ?2`,
    ).bind(lotteryId, date, record, JSON.stringify(numbers), SOURCE, reason ?? null, Date.now()),
  ])
}

export const drawOn = (lotteryId: string, changes: Record<string, unknown> = {}) => ({
  method: 'lottery',
  lotteryId,
  date: DATE,
  digits: 3,
  ifNobody: 'none',
  ...changes,
})

export interface OnLottery extends Staged {
  lotteryId: string
}

/** What a raffle on a lottery changes in a new raffle. */
export const lotteryTerms = (lotteryId: string, changes: Record<string, unknown> = {}) => ({
  totalTickets: 1_000,
  numbering: 'chosen',
  maxPerUser: null,
  drawAt: iso(OFFICIAL_DRAW),
  draw: drawOn(lotteryId),
  prizes: [
    { title: 'Seco', quantity: 1 },
    { title: 'Aproximación', quantity: 2 },
  ],
  ...changes,
})

export async function stageOnLottery(
  changes: Record<string, unknown> = {},
  organisation?: Organisation,
): Promise<OnLottery> {
  const lotteryId = await stageLottery()
  const { ifNobody, ...rules } = changes
  const draw = drawOn(lotteryId, ifNobody === undefined ? {} : { ifNobody })
  const staged = await stageRaffle(lotteryTerms(lotteryId, { draw, ...rules }), organisation)
  return { ...staged, lotteryId }
}

/** A new player with these numbers. */
export async function entrant(raffleId: string, numbers: number[]): Promise<Person> {
  const player = await registerPlayer()
  const { status, body } = await buy(player, raffleId, { numbers })
  expect(status, JSON.stringify(body)).toBe(201)
  return player
}

/** The pool commits, then the official draw is held. */
export async function holdDraw({ pool }: Staged): Promise<void> {
  at(CLOSES_AT + 3_000)
  await ringAlarm(pool)
  at(OFFICIAL_DRAW)
}

/** The result counts, and the sweep finds it. */
export async function decide(staged: OnLottery, numbers: string[], reason?: string): Promise<void> {
  await confirmResult(staged.lotteryId, numbers, reason)
  await sweep()
}
