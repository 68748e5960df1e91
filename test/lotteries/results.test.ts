// Results: an admin records them, a second person confirms them, and only then do they count. Corrections keep history.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { createContext } from '../../src/core/context.ts'
import { changeDraw } from '../../src/lotteries/change-draw.ts'
import { listConfirmedResults, readConfirmedResult } from '../../src/lotteries/confirmed-results.ts'
import { decideOnConfirmation } from '../../src/lotteries/decide-result.ts'
import { findLottery } from '../../src/lotteries/find-lottery.ts'
import type { Answer } from '../harness/client.ts'
import { forgetfulDatabase } from '../harness/faults.ts'
import { registerPlayer, testContext, testSettings } from '../harness/people.ts'
import { as, at, DAY, HOUR, MINUTE, readAll, sweep, useClock } from '../raffles/scenario.ts'
import {
  admins,
  DATE,
  decide,
  HELD_AT,
  leave,
  NUMBERS,
  OTHER_NUMBERS,
  RESULTS_URL,
  readAs,
  record,
  SOURCE,
  stageLottery,
  stageResult,
  useAdmins,
} from './lottery-stage.ts'

useClock()
useAdmins()

const WHY = 'The lottery published other numbers.'

const counting = (lotteryId: string) => readConfirmedResult(testContext(), lotteryId, DATE)
const history = (lotteryId: string) => listConfirmedResults(testContext(), lotteryId, DATE)
const idOf = ({ body }: Answer, numbers: readonly string[]): string =>
  body.records.find(
    (each: { numbers: string[]; status: string }) =>
      each.status === 'pending' && each.numbers.join() === numbers.join(),
  ).id
const attention = async (lotteryId: string): Promise<string[]> =>
  (await readAll('/lotteries/attention', 20, admins.ana))
    .filter((each: { lotteryId: string }) => each.lotteryId === lotteryId)
    .map((each: { attention: string }) => each.attention)

describe('a result', () => {
  it('does not count before a second admin confirms it', async () => {
    const id = await stageLottery()
    at(HELD_AT)
    const recorded = await record(admins.ana, id)
    expect(recorded.status, JSON.stringify(recorded.body)).toBe(201)
    expect(recorded.headers.get('location')).toBe(`/api/v1/lotteries/${id}/results/${DATE}`)
    expect(recorded.body).toMatchObject({
      status: 'unconfirmed',
      numbers: null,
      revisions: [],
      records: [{ origin: 'person', author: admins.ana.id, numbers: NUMBERS, status: 'pending' }],
    })
    expect(await counting(id)).toBeNull()
    const own = await decide(admins.ana, 'confirm', id, idOf(recorded, NUMBERS))
    expect(own.body).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('another admin') })
    expect(await counting(id)).toBeNull()

    at(HELD_AT + MINUTE)
    const confirmed = await decide(admins.ben, 'confirm', id, idOf(recorded, NUMBERS))
    expect(confirmed.body).toMatchObject({ status: 'confirmed', numbers: NUMBERS, source: SOURCE })
    expect(await counting(id)).toEqual({
      revision: 0,
      numbers: NUMBERS,
      source: SOURCE,
      reason: null,
      confirmedAt: HELD_AT + MINUTE,
    })
    expect(await attention(id)).toEqual([])
  })

  it('counts too if a second admin records the same', async () => {
    const id = await stageLottery()
    at(HELD_AT)
    await record(admins.ana, id)
    const second = await record(admins.ben, id, NUMBERS, { source: 'https://paper.example/lottery' })
    expect(second.body).toMatchObject({ status: 'confirmed', source: SOURCE })
    expect(
      second.body.records.map((each: Record<string, string>) => [each.author, each.status, each.decidedBy]),
    ).toEqual([
      [admins.ana.id, 'confirmed', admins.ben.id],
      [admins.ben.id, 'confirmed', admins.ana.id],
    ])
  })

  it('is public once it counts; who recorded it and what waits are for admins', async () => {
    const id = await stageLottery()
    at(HELD_AT)
    await record(admins.ana, id)
    const hidden = { records: null, attention: null, nextFetchAt: null, fetchProblem: null }
    expect(await readAs(null, id)).toMatchObject({ ...hidden, status: 'unconfirmed', numbers: null })
    expect(await readAs(await registerPlayer(), id)).toMatchObject(hidden)
    expect(JSON.stringify(await readAs(null, id))).not.toContain(NUMBERS[0])
    await record(admins.ben, id)
    const { body } = await as(null, 'GET', `/lotteries/${id}/results`)
    expect(body.data).toEqual([await readAs(null, id)])
    expect(body.data[0]).toMatchObject({ ...hidden, numbers: NUMBERS, revisions: [{ revision: 0 }] })
    expect(JSON.stringify(body)).not.toContain(admins.ana.id)
  })

  it('is refused before the official time of its draw', async () => {
    const id = await stageLottery()
    at(HELD_AT - 1)
    const early = await record(admins.ana, id)
    expect(early.body).toMatchObject({
      code: 'invalid_state',
      detail: expect.stringContaining('2031-05-05T22:30:00-05:00'),
    })
    expect((await as(null, 'GET', `/lotteries/${id}/results/${DATE}`)).status).toBe(404)
  })

  it.each([
    ['numbers', { numbers: ['0427'] }],
    ['numbers', { numbers: ['0427', '9001', '0001'] }],
    ['numbers', { numbers: ['427', '9001'] }],
    ['numbers', { numbers: ['04275', '9001'] }],
    ['numbers', { numbers: ['042x', '9001'] }],
    ['numbers', { numbers: ['٠٤٢٧', '9001'] }],
    ['numbers.0', { numbers: [427, 9001] }],
    ['source', { source: 'http://loteria.example/' }],
    ['date', { date: '2031-02-30' }],
    ['reason', { reason: WHY }],
  ])('is refused with wrong %s: %j', async (path, more) => {
    const id = await stageLottery()
    at(HELD_AT)
    const { status, body } = await record(admins.ana, id, NUMBERS, more)
    expect([status, body.errors?.[0].path], JSON.stringify(body)).toEqual([422, path])
  })

  it('is recorded and confirmed by admins only', async () => {
    const id = await stageLottery()
    at(HELD_AT)
    const recorded = await record(admins.ana, id)
    const player = await registerPlayer()
    expect((await record(player, id)).status).toBe(403)
    expect((await decide(player, 'confirm', id, idOf(recorded, NUMBERS))).status).toBe(403)
    expect((await decide(player, 'reject', id, idOf(recorded, NUMBERS))).status).toBe(403)
    const path = `/lotteries/${id}/results/${DATE}/skip`
    expect((await as(player, 'POST', path, { reason: 'A holiday.' })).status).toBe(403)
    expect(await counting(id)).toBeNull()
  })

  it('belongs to its own lottery and draw', async () => {
    const [one, other] = [await stageLottery(), await stageLottery()]
    at(HELD_AT)
    const recorded = await record(admins.ana, one)
    await record(admins.ana, other, OTHER_NUMBERS)
    expect((await decide(admins.ben, 'confirm', other, idOf(recorded, NUMBERS))).status).toBe(404)
    expect(await counting(other)).toBeNull()
  })

  it('recorded again by the same admin is the same record; other numbers need a withdrawal first', async () => {
    const id = await stageLottery()
    at(HELD_AT)
    const first = await record(admins.ana, id)
    const again = await record(admins.ana, id)
    expect([again.status, again.body]).toEqual([201, first.body])
    expect((await record(admins.ana, id, OTHER_NUMBERS)).body.code).toBe('conflict')
    const withdrawn = await decide(admins.ana, 'reject', id, idOf(first, NUMBERS))
    expect(withdrawn.body).toMatchObject({ status: 'awaited', records: [{ status: 'withdrawn' }] })
    const corrected = await record(admins.ana, id, OTHER_NUMBERS)
    const refused = await decide(admins.ben, 'confirm', id, first.body.records[0].id)
    expect(refused.body.code).toBe('invalid_state')
    expect((await decide(admins.ben, 'confirm', id, idOf(corrected, OTHER_NUMBERS))).status).toBe(200)
    expect((await counting(id))?.numbers).toEqual(OTHER_NUMBERS)
  })

  it('of a day outside the cadence, or before the lottery was created, can be recorded too', async () => {
    const id = await stageLottery({ cadence: { every: 'week', weekdays: ['friday'] } })
    const date = '2031-04-29'
    await record(admins.ana, id, NUMBERS, { date })
    expect((await record(admins.ben, id, NUMBERS, { date })).body).toMatchObject({
      status: 'confirmed',
      date,
    })
  })
})

describe('sources that disagree', () => {
  it('are both shown, and nothing counts until an admin settles it', async () => {
    const id = await stageLottery()
    at(HELD_AT)
    const first = await record(admins.ana, id)
    const second = await record(admins.ben, id, OTHER_NUMBERS)
    expect(second.body).toMatchObject({ status: 'conflicting', numbers: null, attention: 'conflict' })
    expect(second.body.records).toHaveLength(2)
    expect(await attention(id)).toEqual(['conflict'])
    // A third record does not settle it, whichever it agrees with.
    expect((await record(admins.cruz, id)).body.status).toBe('conflicting')
    expect(await counting(id)).toBeNull()
    expect(await readAs(null, id)).toMatchObject({ status: 'conflicting', numbers: null, records: null })

    const settled = await decide(admins.cruz, 'confirm', id, idOf(second, OTHER_NUMBERS))
    expect(settled.body).toMatchObject({ status: 'confirmed', numbers: OTHER_NUMBERS, attention: null })
    expect(settled.body.records.map(({ status }: { status: string }) => status)).toEqual([
      'rejected',
      'confirmed',
      'rejected',
    ])
    expect((await decide(admins.ben, 'confirm', id, idOf(first, NUMBERS))).body.code).toBe('invalid_state')
  })

  it('agree again once the wrong record is withdrawn', async () => {
    const id = await stageLottery()
    at(HELD_AT)
    await record(admins.ana, id)
    const wrong = await record(admins.ben, id, OTHER_NUMBERS)
    const withdrawn = await decide(admins.ben, 'reject', id, idOf(wrong, OTHER_NUMBERS))
    expect(withdrawn.body).toMatchObject({ status: 'unconfirmed' })
    expect((await record(admins.ben, id)).body).toMatchObject({ status: 'confirmed', numbers: NUMBERS })
  })
})

describe('a record of somebody who is no longer an admin', () => {
  it.each([
    ['has left', leave],
    [
      'is suspended',
      ({ id }: { id: string }) => as(admins.cruz, 'PUT', `/users/${id}/status`, { status: 'suspended' }),
    ],
  ])('who %s answers for no result', async (_, go) => {
    const id = await stageLottery()
    at(HELD_AT)
    const first = await record(admins.ana, id)
    await go(admins.ana)
    expect((await decide(admins.ben, 'confirm', id, idOf(first, NUMBERS))).body).toMatchObject({
      code: 'invalid_state',
      detail: expect.stringContaining('no longer an administrator'),
    })
    const second = await record(admins.ben, id)
    expect(second.body).toMatchObject({ status: 'unconfirmed', numbers: null })
    expect(await counting(id)).toBeNull()
    const own = second.body.records.find(({ author }: { author: string }) => author === admins.ben.id)
    expect((await decide(admins.cruz, 'confirm', id, own.id)).body).toMatchObject({
      status: 'confirmed',
      numbers: NUMBERS,
    })
  })

  it('answers for none either if they leave between the decision and its write', async () => {
    const id = await stageLottery()
    at(HELD_AT)
    const recordId = idOf(await record(admins.ana, id), NUMBERS)
    let leaving: Promise<unknown> = Promise.resolve()
    const DB = {
      prepare: (query: string) => env.DB.prepare(query),
      batch: async (statements: D1PreparedStatement[]) => {
        await leaving
        return env.DB.batch(statements)
      },
    } as unknown as D1Database
    const ctx = createContext({ ...env, DB }, testSettings(), HELD_AT, 'race')
    const confirmed = changeDraw(ctx, await findLottery(ctx, id), DATE, (known) => {
      leaving = leave(admins.ana)
      return decideOnConfirmation(known, recordId, admins.ben.id, null)
    })
    await expect(confirmed).rejects.toMatchObject({ code: 'invalid_state' })
    await leaving
    expect(await counting(id)).toBeNull()
  })
})

describe('an admin who records and withdraws again and again', () => {
  it('is stopped, and keeps nobody else from deciding', async () => {
    const id = await stageLottery()
    at(HELD_AT)
    for (let times = 0; times < 20; times++) {
      await decide(admins.ana, 'reject', id, idOf(await record(admins.ana, id), NUMBERS))
    }
    expect((await record(admins.ana, id)).body.code).toBe('limit_reached')
    await record(admins.ben, id)
    expect((await record(admins.cruz, id)).body).toMatchObject({ status: 'confirmed', numbers: NUMBERS })
  })
})

describe('admins who decide at once', () => {
  it('make one result of one confirmation, and get the same answer', async () => {
    const id = await stageLottery()
    at(HELD_AT)
    const recordId = idOf(await record(admins.ana, id), NUMBERS)
    const answers = await Promise.all([
      decide(admins.ben, 'confirm', id, recordId),
      decide(admins.cruz, 'confirm', id, recordId),
      decide(admins.ben, 'confirm', id, recordId),
    ])
    for (const { status, body } of answers) {
      expect(status, JSON.stringify(body)).toBe(200)
      expect(body).toEqual(answers[0]!.body)
    }
    expect(await history(id)).toHaveLength(1)
    const audited = env.DB.prepare(
      `SELECT count(*) AS n FROM audit WHERE action = 'lottery_result.confirmed' AND subject_id = ?`,
    ).bind(id)
    expect(await audited.first<number>('n')).toBe(1)
  })

  it('never make two results of records that disagree', async () => {
    const id = await stageLottery()
    at(HELD_AT)
    const first = await record(admins.ana, id)
    const second = await record(admins.ben, id, OTHER_NUMBERS)
    const answers = await Promise.all([
      decide(admins.cruz, 'confirm', id, idOf(first, NUMBERS)),
      decide(admins.ana, 'confirm', id, idOf(second, OTHER_NUMBERS)),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(await history(id)).toHaveLength(1)
  })

  it('record at once, and then either agree or disagree', async () => {
    const [same, other] = [await stageLottery(), await stageLottery()]
    at(HELD_AT)
    await Promise.all([record(admins.ana, same), record(admins.ben, same), record(admins.cruz, same)])
    expect(await history(same)).toMatchObject([{ numbers: NUMBERS }])
    await Promise.all([record(admins.ana, other), record(admins.ben, other, OTHER_NUMBERS)])
    expect((await readAs(admins.cruz, other)).status).toBe('conflicting')
  })
})

describe('a correction', () => {
  it('needs a reason and a second person, and keeps the result before', async () => {
    const id = await stageLottery()
    await stageResult(id)
    at(HELD_AT + DAY)
    const without = await record(admins.ben, id, OTHER_NUMBERS)
    expect([without.status, without.body.errors[0].path]).toEqual([422, 'reason'])
    const recorded = await record(admins.ben, id, OTHER_NUMBERS, { reason: WHY })
    expect(recorded.body).toMatchObject({ status: 'confirmed', numbers: NUMBERS, attention: 'unconfirmed' })
    expect((await counting(id))?.numbers).toEqual(NUMBERS)
    const own = await decide(admins.ben, 'confirm', id, idOf(recorded, OTHER_NUMBERS))
    expect(own.body.code).toBe('forbidden')
    at(HELD_AT + 2 * DAY)
    const confirmed = await decide(admins.cruz, 'confirm', id, idOf(recorded, OTHER_NUMBERS))
    expect(confirmed.body).toMatchObject({ numbers: OTHER_NUMBERS, attention: null })
    expect(await history(id)).toMatchObject([
      { revision: 0, numbers: NUMBERS, reason: null },
      { revision: 1, numbers: OTHER_NUMBERS, reason: WHY, confirmedAt: HELD_AT + 2 * DAY },
    ])
    expect(await readAs(null, id)).toMatchObject({
      numbers: OTHER_NUMBERS,
      revisions: [{ numbers: NUMBERS }, { numbers: OTHER_NUMBERS, reason: WHY }],
    })
  })

  it('to the numbers that count already is none', async () => {
    const id = await stageLottery()
    const before = await stageResult(id)
    expect((await record(admins.cruz, id)).body).toEqual(before)
    expect((await record(admins.cruz, id, NUMBERS, { reason: WHY })).body).toEqual(before)
  })

  it('may be taken back before it counts', async () => {
    const id = await stageLottery()
    await stageResult(id)
    const recorded = await record(admins.ben, id, OTHER_NUMBERS, { reason: WHY })
    const rejected = await decide(admins.ana, 'reject', id, idOf(recorded, OTHER_NUMBERS))
    expect(rejected.body).toMatchObject({ numbers: NUMBERS, attention: null })
    expect(rejected.body.records.at(-1).status).toBe('rejected')
    expect(await history(id)).toHaveLength(1)
  })

  it('cannot change what is written, even past the API', async () => {
    const id = await stageLottery()
    await stageResult(id)
    const refused = [
      `UPDATE lottery_results SET numbers = '["0001","0002"]' WHERE lottery_id = ?`,
      'DELETE FROM lottery_results WHERE lottery_id = ?',
      `UPDATE lottery_records SET status = 'pending' WHERE lottery_id = ?`,
      'DELETE FROM lottery_records WHERE lottery_id = ?',
      `INSERT INTO lottery_results SELECT lottery_id, date, 1, record_id, '["0001","0002"]', source, 'Why', confirmed_at
       FROM lottery_results WHERE lottery_id = ?`,
      `INSERT INTO lottery_records SELECT 'lrecord_x', lottery_id, date, origin, author, numbers, source, NULL,
       'confirmed', recorded_at, author, decided_at FROM lottery_records WHERE lottery_id = ?`,
    ]
    for (const statement of refused) {
      await expect(env.DB.prepare(statement).bind(id).run(), statement).rejects.toThrow()
    }
    expect(await history(id)).toHaveLength(1)
  })
})

describe('a decision whose answer was lost', () => {
  it('is made once', async () => {
    const id = await stageLottery()
    at(HELD_AT)
    const { DB, lost } = forgetfulDatabase(env.DB, 1)
    const path = `/lotteries/${id}/results`
    const body = { date: DATE, numbers: NUMBERS, source: SOURCE }
    const recorded = await as(admins.ana, 'POST', path, body, { bindings: { DB } })
    expect([recorded.status, recorded.body.records.length, lost()]).toEqual([201, 1, 1])
    const again = forgetfulDatabase(env.DB, 1)
    const confirmed = await as(
      admins.ben,
      'POST',
      `${path}/${DATE}/confirm`,
      { recordId: idOf(recorded, NUMBERS) },
      { bindings: { DB: again.DB } },
    )
    expect([confirmed.status, again.lost()]).toEqual([200, 1])
    expect(await history(id)).toHaveLength(1)
  })
})

describe('a draw whose result is missing', () => {
  it('is on the list of admins hours later, until it counts', async () => {
    const id = await stageLottery()
    at(HELD_AT)
    await sweep()
    expect(await readAs(null, id)).toMatchObject({ status: 'awaited', numbers: null })
    at(HELD_AT + 6 * HOUR - 1)
    await sweep()
    expect(await attention(id)).toEqual([])
    at(HELD_AT + 6 * HOUR)
    await sweep()
    expect(await attention(id)).toEqual(['missing'])
    await stageResult(id)
    expect(await attention(id)).toEqual([])
  })

  it('is not awaited if two admins say that it was not held; a record brings it back', async () => {
    const id = await stageLottery()
    at(HELD_AT + 7 * HOUR)
    await sweep()
    const path = `/lotteries/${id}/results/${DATE}/skip`
    const reason = 'No draw on a public holiday.'
    const shown = async () => (await as(await registerPlayer(), 'GET', path.replace('/skip', ''))).body
    for (const _ of ['once', 'twice']) {
      const skipped = await as(admins.ana, 'POST', path, { reason })
      const attention = 'unconfirmed_skip'
      expect(skipped.body).toMatchObject({ status: 'awaited', skipReason: reason, attention })
      expect(await shown()).toMatchObject({ status: 'awaited', skipReason: null })
    }
    for (const _ of ['once', 'twice']) {
      const skipped = await as(admins.ben, 'POST', path, { reason: 'So it is.' })
      expect(skipped.body).toMatchObject({ status: 'skipped', skipReason: reason, attention: null })
      expect(await shown()).toMatchObject({ status: 'skipped', skipReason: reason })
    }
    await sweep()
    expect(await attention(id)).toEqual([])
    await record(admins.ana, id)
    expect((await as(admins.ben, 'POST', path, { reason })).body.code).toBe('invalid_state')
    expect((await record(admins.ben, id)).body).toMatchObject({ status: 'confirmed', skipReason: null })
  })

  it('can be known ahead not to be held', async () => {
    const id = await stageLottery({
      cadence: { every: 'week', weekdays: ['monday'] },
      resultsUrl: RESULTS_URL,
    })
    const skip = (date: string, by = admins.ana) =>
      as(by, 'POST', `/lotteries/${id}/results/${date}/skip`, { reason: 'Holiday.' })
    expect((await skip('2031-05-06')).status).toBe(404)
    expect((await skip(DATE)).body.status).toBe('awaited')
    // Who has left answers for nothing, so the next one is the first.
    await leave(admins.ana)
    expect((await skip(DATE, admins.cruz)).body.status).toBe('awaited')
    expect((await skip(DATE, admins.ben)).body.status).toBe('skipped')
    at(HELD_AT + DAY)
    await sweep()
    expect(await readAs(admins.ben, id)).toMatchObject({
      status: 'skipped',
      attention: null,
      nextFetchAt: null,
    })
  })
})
