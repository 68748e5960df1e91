// Raffles that wait for the result of a lottery. Whatever becomes of the lottery, operators see that they wait, and there is
// a way in which the wait ends.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { isDrawInUse } from '../../src/raffles/uses-of-lottery.ts'
import { type Person, registerPlayer, signedInAdmin, testContext } from '../harness/people.ts'
import { cash, earn, PRICE, stagePriced } from '../payouts/payout-stage.ts'
import {
  as,
  at,
  buy,
  CLOSES_AT,
  DAY,
  HOUR,
  iso,
  MINUTE,
  NOW,
  raffleBody,
  read,
  readAll,
  ringAlarm,
  type Staged,
  stageRaffle,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import {
  confirmResult,
  DATE,
  entrant,
  holdDraw,
  lotteryTerms,
  OFFICIAL_DRAW,
  type OnLottery,
  SOURCE,
  stageLottery,
  stageOnLottery,
} from './lottery-stage.ts'

useClock()

// What other tests have left is over.
beforeEach(async () => {
  await env.DB.batch([
    env.DB.prepare(
      `UPDATE raffles SET status = 'settled', due_at = NULL
       WHERE status IN ('scheduled', 'drawn') AND draw->>'method' = 'lottery'`,
    ),
    env.DB.prepare('UPDATE lotteries SET results_url = NULL'),
    env.DB.prepare('DELETE FROM sweeps'),
  ])
})

const FIRST = ['0001', '0500', '0600']

/** How many raffles the health check calls late. */
async function lateRaffles(): Promise<number> {
  const { body } = await as(null, 'GET', '/health')
  return Number(/(\d+) raffles wait for the result/.exec(body.detail ?? '')?.[1] ?? 0)
}

const change = async (lotteryId: string, changes: object) => {
  const { status, body } = await as(await signedInAdmin(), 'PUT', `/lotteries/${lotteryId}`, changes)
  expect(status, JSON.stringify(body)).toBe(200)
}

/** By two admins, or by one of them only. */
const skip = async ({ lotteryId }: { lotteryId: string }, people = 2) => {
  const path = `/lotteries/${lotteryId}/results/${DATE}/skip`
  for (let person = 0; person < people; person++) {
    const { status, body } = await as(await signedInAdmin(), 'POST', path, { reason: 'A strike.' })
    expect(status, JSON.stringify(body)).toBe(200)
  }
}

const attentionOf = async ({ id, operator }: Staged) =>
  (await as(operator, 'GET', `/raffles/${id}`)).body.officialResults.attention

async function stageCommitted(): Promise<OnLottery> {
  const staged = await stageOnLottery()
  await entrant(staged.id, [1])
  return staged
}

/** Two tickets are sold, and the ledger does not have their price yet. */
async function stageForMoney(): Promise<OnLottery> {
  const lotteryId = await stageLottery()
  const terms = { prizes: [cash(500)], numbering: 'sequential', drawAt: iso(OFFICIAL_DRAW), claimDays: 5 }
  return { ...(await stagePriced(lotteryTerms(lotteryId, terms), 2)), lotteryId }
}

describe('a raffle whose lottery', () => {
  it.each<[string, (id: string) => Promise<unknown>]>([
    ['does nothing', async () => {}],
    ['is archived', (id) => change(id, { status: 'archived' })],
    ['is deleted', async (id) => as(await signedInAdmin(), 'DELETE', `/lotteries/${id}`)],
    ['draws on other days', (id) => change(id, { cadence: { every: 'week', weekdays: ['friday'] } })],
    ['draws later', (id) => change(id, { time: '09:30' })],
    ['loses its page', (id) => change(id, { resultsUrl: null })],
  ])('%s is late after six hours, and a result that is recorded decides it', async (_, happens) => {
    const staged = await stageCommitted()
    await happens(staged.lotteryId)
    await holdDraw(staged)
    at(OFFICIAL_DRAW + 6 * HOUR - 1)
    await sweep()
    expect(await lateRaffles()).toBe(0)
    at(OFFICIAL_DRAW + 6 * HOUR)
    expect(await lateRaffles()).toBe(1)
    at(OFFICIAL_DRAW + 7 * HOUR)
    await sweep()
    const results = await readAll(`/lotteries/${staged.lotteryId}/results`, 20)
    expect(results.map(({ date, status }) => [date, status])).toContainEqual([DATE, 'awaited'])
    expect(await attentionOf(staged)).toBe('missing')
    await confirmResult(staged.lotteryId, FIRST)
    await sweep()
    expect(await lateRaffles()).toBe(0)
    expect((await winnersOf(staged.id)).map(({ label }) => label)).toEqual(['001'])
  })

  it('has no raffle is no matter for the health check', async () => {
    const lotteryId = await stageLottery()
    at(OFFICIAL_DRAW + 7 * HOUR)
    await sweep()
    const admin = await signedInAdmin()
    const list = await readAll('/lotteries/attention', 50, admin)
    expect(list.some((each) => each.lotteryId === lotteryId)).toBe(true)
    expect(await lateRaffles()).toBe(0)
  })

  it('publishes numbers that its page disputes is a matter for it, while a raffle uses them', async () => {
    const disputed = async () => {
      const { body } = await as(null, 'GET', '/health')
      return Number(/(\d+) lottery results are disputed/.exec(body.detail ?? '')?.[1] ?? 0)
    }
    const used = await stageCommitted()
    const unused = await stageLottery()
    await holdDraw(used)
    await confirmResult(used.lotteryId, FIRST)
    await confirmResult(unused, FIRST)
    await sweep()
    at(OFFICIAL_DRAW + 6 * HOUR)
    const before = await disputed()
    await env.DB.prepare(`UPDATE lottery_draws SET attention = 'difference' WHERE lottery_id IN (?, ?)`)
      .bind(used.lotteryId, unused)
      .run()
    expect(await disputed()).toBe(before + 1)
    const isCompared = ({ lotteryId }: { lotteryId: string }) =>
      isDrawInUse(testContext(), { lotteryId, date: DATE })
    expect(await isCompared(used)).toBe(true)
    expect(await isCompared({ lotteryId: unused })).toBe(false)
    expect(await isDrawInUse(testContext(), { lotteryId: used.lotteryId, date: '2031-05-06' })).toBe(false)
    at(OFFICIAL_DRAW + 40 * DAY)
    await sweep()
    await sweep()
    expect((await read(used.id)).status).toBe('settled')
    expect(await disputed()).toBe(before)
    expect(await isCompared(used)).toBe(false)
  })
})

describe('a raffle that cannot continue although its result counts', () => {
  it('is reported by the health check until it can', async () => {
    const overdue = async () =>
      /\d+ raffles are due/.test((await as(null, 'GET', '/health')).body.detail ?? '')
    const staged = await stageForMoney()
    await holdDraw(staged)
    await confirmResult(staged.lotteryId, FIRST)
    at(OFFICIAL_DRAW + 3 * MINUTE)
    // The ledger does not have the price of its tickets.
    await sweep()
    expect((await read(staged.id)).status).toBe('committed')
    expect(await overdue()).toBe(true)
    await earn(staged.id, 2 * PRICE)
    at(OFFICIAL_DRAW + 4 * MINUTE)
    await sweep()
    expect((await read(staged.id)).status).toBe('drawn')
    expect(await overdue()).toBe(false)
  })
})

describe('a raffle whose draw is skipped', () => {
  async function stageSkipped() {
    const staged = await stageForMoney()
    await earn(staged.id, 2 * PRICE)
    await holdDraw(staged)
    await skip(staged)
    return staged
  }

  it('says so to its members, and is cancelled and refunded once no result came in the claim days', async () => {
    const staged = await stageSkipped()
    expect(await attentionOf(staged)).toBe('skipped')
    expect((await read(staged.id)).officialResults.attention).toBeNull()
    at(OFFICIAL_DRAW + 5 * DAY - 1)
    await sweep()
    expect((await read(staged.id)).status).toBe('committed')
    expect(await lateRaffles()).toBe(0)
    at(OFFICIAL_DRAW + 5 * DAY)
    await sweep()
    expect(await read(staged.id)).toMatchObject({
      status: 'cancelled',
      cancellation: { reason: 'The official draw was not held.' },
    })
    const runs = env.DB.prepare('SELECT count(*) AS n FROM refund_runs WHERE raffle_id = ?').bind(staged.id)
    expect(await runs.first('n')).toBe(1)
    const audited = env.DB.prepare(
      `SELECT actor FROM audit WHERE subject_id = ? AND action = 'raffle.cancelled'`,
    )
    expect(await audited.bind(staged.id).first('actor')).toBe('system')
    await confirmResult(staged.lotteryId, FIRST)
    await sweep()
    expect(await winnersOf(staged.id)).toEqual([])
  })

  it('is awaited and reported as before until a second admin agrees', async () => {
    const staged = await stageCommitted()
    await holdDraw(staged)
    await skip(staged, 1)
    expect(await attentionOf(staged)).toBe('unconfirmed_skip')
    at(OFFICIAL_DRAW + 6 * HOUR)
    await sweep()
    expect(await lateRaffles()).toBe(1)
    at(OFFICIAL_DRAW + 40 * DAY)
    await sweep()
    expect((await read(staged.id)).status).toBe('committed')
    await skip(staged, 1)
    expect(await lateRaffles()).toBe(0)
    await sweep()
    expect((await read(staged.id)).status).toBe('cancelled')
  })

  it('is cancelled at once if it still sells tickets', async () => {
    const staged = await stageCommitted()
    await skip(staged, 1)
    await sweep()
    expect((await read(staged.id)).status).toBe('open')
    await skip(staged, 1)
    await sweep()
    expect(await read(staged.id)).toMatchObject({
      status: 'cancelled',
      cancellation: { reason: 'The official draw was not held.' },
    })
  })

  it('goes on if a result is recorded in time', async () => {
    const staged = await stageSkipped()
    at(OFFICIAL_DRAW + 4 * DAY)
    await confirmResult(staged.lotteryId, ['0001', '0500', '0600'])
    at(OFFICIAL_DRAW + 5 * DAY)
    await sweep()
    expect((await read(staged.id)).status).toBe('drawn')
    expect((await winnersOf(staged.id)).map(({ label }) => label)).toEqual(['001'])
  })

  it('cannot be published', async () => {
    const lotteryId = await stageLottery()
    const staged = await stageRaffle(lotteryTerms(lotteryId))
    await skip({ lotteryId })
    const made = await as(staged.operator, 'POST', '/raffles', raffleBody(lotteryTerms(lotteryId)))
    expect([made.status, made.body.errors]).toMatchObject([422, [{ path: 'draw.date' }]])
  })
})

describe('more prizes than a draw has numbers', () => {
  it('are refused, because they can never be decided', async () => {
    const lotteryId = await stageLottery()
    const prizes = (quantity: number) => [
      { title: 'Seco', quantity: 1 },
      { title: 'Aproximación', quantity },
    ]
    const { operator } = await stageRaffle()
    const draft = await as(operator, 'POST', '/raffles', raffleBody(lotteryTerms(lotteryId)))
    expect(draft.status, JSON.stringify(draft.body)).toBe(201)
    const path = `/raffles/${draft.body.id}`
    expect((await as(operator, 'PUT', path, { prizes: prizes(3) })).status).toBe(200)
    const refused = await as(operator, 'POST', `${path}/publish`)
    expect(refused.status).toBe(422)
    expect(refused.body.errors).toEqual([
      {
        path: 'prizes',
        message: 'a draw of this lottery has 3 numbers, so it can decide at most 3 prizes',
      },
    ])
    await as(operator, 'PUT', path, { prizes: prizes(2) })
    expect((await as(operator, 'POST', `${path}/publish`)).status).toBe(200)
  })
})

describe('an admin who has a ticket of a raffle on a draw', () => {
  const decideAs = (person: Person, lotteryId: string, recordId: string) => {
    const path = `/lotteries/${lotteryId}/results`
    return {
      record: () => as(person, 'POST', path, { date: DATE, numbers: FIRST, source: SOURCE }),
      confirm: () => as(person, 'POST', `${path}/${DATE}/confirm`, { recordId }),
      reject: () => as(person, 'POST', `${path}/${DATE}/reject`, { recordId }),
      skip: () => as(person, 'POST', `${path}/${DATE}/skip`, { reason: 'A strike.' }),
    }
  }

  it('decides nothing about its result, and about other draws as ever', async () => {
    const staged = await stageOnLottery()
    const holder = await signedInAdmin()
    expect((await buy(holder, staged.id, { numbers: [7] })).status).toBe(201)
    await holdDraw(staged)
    const other = await signedInAdmin()
    const recorded = await decideAs(other, staged.lotteryId, '').record()
    const { id: recordId } = recorded.body.records[0]
    const verbs = decideAs(holder, staged.lotteryId, recordId)
    for (const [verb, act] of Object.entries(verbs)) {
      const { status, body } = await act()
      expect([verb, status, body.code]).toEqual([verb, 403, 'forbidden'])
      expect(body.detail).toMatch(/^You have tickets of “/)
    }
    const unused = await stageLottery()
    expect((await decideAs(holder, unused, '').record()).status).toBe(201)
    const third = await signedInAdmin()
    expect((await decideAs(third, staged.lotteryId, recordId).confirm()).status).toBe(200)
    await sweep()
    // A correction would change who has won.
    expect((await verbs.record()).status).toBe(403)
    at(OFFICIAL_DRAW + 40 * DAY)
    await sweep()
    await sweep()
    expect((await read(staged.id)).status).toBe('settled')
    expect((await verbs.record()).status).toBe(201)
  })

  it('does not answer for the page of the lottery either', async () => {
    const staged = await stageOnLottery()
    const holder = await signedInAdmin()
    const resultsUrl = 'https://results.nowhere.example/{date}.json'
    await as(holder, 'PUT', `/lotteries/${staged.lotteryId}`, { resultsUrl })
    await buy(holder, staged.id, { numbers: [7] })
    await holdDraw(staged)
    // Nothing is fetched: the test network knows no such host.
    await sweep()
    const path = `/lotteries/${staged.lotteryId}/results/${DATE}`
    const { body } = await as(await signedInAdmin(), 'GET', path)
    expect(body).toMatchObject({ fetchProblem: 'has_tickets', records: [] })
    const other = await signedInAdmin()
    await as(other, 'PUT', `/lotteries/${staged.lotteryId}`, { resultsUrl })
    const by = env.DB.prepare('SELECT results_url_by FROM lotteries WHERE id = ?').bind(staged.lotteryId)
    expect(await by.first('results_url_by')).toBe(other.id)
  })
})

describe('upcoming draws', () => {
  it('name a raffle on a lottery at its official time, without a round, until it is drawn', async () => {
    const staged = await stageOnLottery()
    await entrant(staged.id, [1])
    const shown = async () =>
      (await readAll('/draws/upcoming', 50)).find(({ raffle }) => raffle.id === staged.id)
    const draw = { drawAt: iso(OFFICIAL_DRAW), round: null }
    expect(await shown()).toMatchObject({ ...draw, raffle: { status: 'open' } })
    await as(staged.operator, 'POST', `/raffles/${staged.id}/close`)
    at(NOW + MINUTE)
    await ringAlarm(staged.pool)
    expect(await shown()).toMatchObject({ ...draw, raffle: { status: 'committed' } })
    at(CLOSES_AT + 2 * HOUR)
    await sweep()
    expect(await shown()).toMatchObject({ ...draw, raffle: { status: 'committed' } })
    await confirmResult(staged.lotteryId, FIRST)
    await sweep()
    expect(await shown()).toBeUndefined()
    expect((await as(await registerPlayer(), 'GET', `/raffles/${staged.id}`)).body.status).toBe('drawn')
  })
})
