// Raffles that an official lottery decides, for tests: the lottery, its results as they count, and a raffle on it.
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { Organisation, Person } from '../harness/people.ts'
import { registerPlayer, signedInAdmin } from '../harness/people.ts'
import { cash, earn, PRICE, payIn, stagePriced } from '../payouts/payout-stage.ts'
import {
  as,
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
  const { digits = 4, status = 'active', drawAt } = changes
  const when =
    drawAt === undefined
      ? { time: '09:00', timeZone: 'America/Bogota' }
      : { time: iso(drawAt).slice(11, 16), timeZone: 'UTC' }
  const admin = await signedInAdmin()
  const lottery = { name: 'Lotería', country: 'CO', cadence: { every: 'day' }, numbersPerDraw: 3, digits }
  const { status: code, body } = await as(admin, 'POST', '/lotteries', { ...lottery, ...when })
  expect(code, JSON.stringify(body)).toBe(201)
  if (status !== 'active') await as(admin, 'PUT', `/lotteries/${body.id}`, { status })
  return body.id
}

/** An admin records a result and another confirms it: the first of the draw, or the next correction. */
export async function confirmResult(...result: Parameters<typeof recordResult>): Promise<void> {
  const confirm = await recordResult(...result)
  await confirm()
}

/** An admin records a result. Returns how another confirms it. */
export async function recordResult(
  lotteryId: string,
  numbers: string[],
  reason?: string,
  date = DATE,
): Promise<() => Promise<void>> {
  const path = `/lotteries/${lotteryId}/results`
  const what = { date, numbers, source: SOURCE, ...(reason === undefined ? {} : { reason }) }
  const recorded = await as(await signedInAdmin(), 'POST', path, what)
  expect(recorded.status, JSON.stringify(recorded.body)).toBe(201)
  const isPending = ({ status }: { status: string }) => status === 'pending'
  const { id: recordId } = recorded.body.records.find(isPending)
  const other = await signedInAdmin()
  return async () => {
    const confirmed = await as(other, 'POST', `${path}/${date}/confirm`, { recordId })
    expect(confirmed.status, JSON.stringify(confirmed.body)).toBe(200)
  }
}

/** The lottery holds its draw at another time than it had announced. */
export const moveDraw = (lotteryId: string, time: string) =>
  env.DB.prepare('UPDATE lotteries SET time = ? WHERE id = ?').bind(time, lotteryId).run()

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

/** Its first result is announced: number 1 has won. `second` has number 2. */
export async function stageAnnounced(changes: Record<string, unknown> = {}) {
  const staged = await stageOnLottery(changes)
  const first = await entrant(staged.id, [1])
  const second = await entrant(staged.id, [2])
  await holdDraw(staged)
  await decide(staged, ['0001', '0500', '0600'])
  return { staged, first, second }
}

/** Three tickets from 0 on are paid for, and this result is announced. */
export async function stageMoney(
  numbers: string[],
  prizes: object[] = [cash(500), cash(300)],
): Promise<OnLottery> {
  const lotteryId = await stageLottery()
  const staged = await stagePriced(
    lotteryTerms(lotteryId, {
      prizes,
      numbering: 'sequential',
      rakeBps: 1_000,
      drawAt: iso(OFFICIAL_DRAW),
    }),
    3,
  )
  await earn(staged.id, 3 * PRICE)
  await payIn(staged.organisation.id, 'sandbox', 10_000)
  await holdDraw(staged)
  const on = { ...staged, lotteryId }
  await decide(on, numbers)
  return on
}
