// The results page of a lottery: the sweep fetches it after the draw. It is one source, it may be hostile, and it never
// changes a result that counts.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { createContext } from '../../src/core/context.ts'
import { runSweep } from '../../src/cron.ts'
import { listConfirmedResults } from '../../src/lotteries/confirmed-results.ts'
import { sweepLotteries } from '../../src/lotteries/sweep-lotteries.ts'
import { crashableProcess, DIED, everyDeath } from '../harness/crash.ts'
import { environment } from '../harness/environment.ts'
import { allowLogged } from '../harness/log.ts'
import { connect } from '../harness/network.ts'
import { testContext, testSettings } from '../harness/people.ts'
import { withShortTimers } from '../harness/short-timers.ts'
import { as, at, DAY, HOUR, MINUTE, SECOND, useClock } from '../raffles/scenario.ts'
import {
  admins,
  DATE,
  decide,
  type FakePage,
  fakePage,
  HELD_AT,
  leave,
  NUMBERS,
  OTHER_NUMBERS,
  RESULTS_URL,
  readAs,
  record,
  stageLottery,
  stageResult,
  useAdmins,
} from './lottery-stage.ts'

useClock()
useAdmins()

const ADDRESS = RESULTS_URL.replace('{date}', DATE)
const WHY = 'The lottery published other numbers.'

let page: FakePage
beforeEach(() => {
  page = fakePage()
  connect(page)
})

/** The fetches for the draw on `DATE`; later draws have addresses of their own. */
const askedOf = () => page.asked.filter((address) => address === ADDRESS)

/** Only the sweep of lotteries, as cron runs it. */
const WITHOUT_RAFFLES = { ticketsOn: async () => [], isInUse: async () => false }
const sweep = (raffles = WITHOUT_RAFFLES) => sweepLotteries(testContext(), raffles)
const staged = (changes: Record<string, unknown> = {}) =>
  stageLottery({ resultsUrl: RESULTS_URL, ...changes })
const history = (lotteryId: string) => listConfirmedResults(testContext(), lotteryId, DATE)

interface Shown {
  origin: string
  status: string
  numbers: string[]
  id: string
}
const pageRecord = async (id: string): Promise<Shown | undefined> =>
  (await readAs(admins.cruz, id)).records.findLast(({ origin }: Shown) => origin === 'page')

describe('the page of a lottery', () => {
  it('is fetched from the official time on, and is one source: it does not count by itself', async () => {
    const id = await staged()
    page.publish(NUMBERS)
    at(HELD_AT - SECOND)
    await sweep()
    expect(page.asked).toEqual([])
    at(HELD_AT)
    await sweep()
    expect(page.asked).toEqual([ADDRESS])
    expect(await readAs(admins.ben, id)).toMatchObject({
      status: 'unconfirmed',
      numbers: null,
      attention: 'unconfirmed',
      nextFetchAt: null,
      records: [
        { origin: 'page', author: admins.ana.id, source: ADDRESS, numbers: NUMBERS, status: 'pending' },
      ],
    })
    // The same page again is not a second source.
    await env.DB.prepare('UPDATE lottery_draws SET due_at = ? WHERE lottery_id = ?').bind(HELD_AT, id).run()
    await sweep()
    expect(page.asked).toHaveLength(2)
    expect((await readAs(admins.ben, id)).records).toHaveLength(1)
    expect(await history(id)).toEqual([])
  })

  it('counts once an admin confirms it who did not set its address', async () => {
    const id = await staged()
    page.publish(NUMBERS)
    at(HELD_AT)
    await sweep()
    const { id: recordId } = (await pageRecord(id))!
    const own = await decide(admins.ana, 'confirm', id, recordId)
    expect(own.body).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('set the address') })
    expect((await decide(admins.ben, 'confirm', id, recordId)).body).toMatchObject({
      status: 'confirmed',
      numbers: NUMBERS,
      source: ADDRESS,
    })
  })

  it('confirms what an admin has read elsewhere, if another admin set its address', async () => {
    const id = await staged()
    at(HELD_AT)
    await record(admins.ben, id)
    page.publish(NUMBERS)
    await sweep()
    const result = await readAs(admins.cruz, id)
    expect(result).toMatchObject({ status: 'confirmed', numbers: NUMBERS })
    expect(result.records.map(({ origin, status }: Shown) => [origin, status])).toEqual([
      ['person', 'confirmed'],
      ['page', 'confirmed'],
    ])
    const audit = env.DB.prepare(`SELECT action, actor FROM audit WHERE subject_id = ?
      AND action LIKE 'lottery_result%' ORDER BY id`)
    expect((await audit.bind(id).all()).results).toEqual([
      { action: 'lottery_result.recorded', actor: admins.ben.id },
      { action: 'lottery_result.recorded', actor: 'system' },
      { action: 'lottery_result.confirmed', actor: 'system' },
    ])
  })

  it('is confirmed by an admin who records the same from elsewhere', async () => {
    const id = await staged()
    page.publish(NUMBERS)
    at(HELD_AT)
    await sweep()
    expect((await record(admins.ben, id)).body).toMatchObject({ status: 'confirmed', numbers: NUMBERS })
  })

  it.each([
    ['by the admin who set its address', () => admins.ana, {}],
    ['from the page itself', () => admins.ben, { source: `${ADDRESS}?again=1` }],
  ])('does not confirm a record %s', async (_, who, more) => {
    for (const isFirst of [true, false]) {
      const id = await staged()
      page.publish(NUMBERS)
      at(HELD_AT)
      if (isFirst) await record(who(), id, NUMBERS, more)
      await sweep()
      if (!isFirst) await record(who(), id, NUMBERS, more)
      expect(await readAs(admins.cruz, id)).toMatchObject({ status: 'unconfirmed', records: [{}, {}] })
      expect(await history(id)).toEqual([])
      const { id: recordId } = (await pageRecord(id))!
      expect((await decide(admins.cruz, 'confirm', id, recordId)).body.status).toBe('confirmed')
      at(HELD_AT - HOUR)
    }
  })

  it('that disagrees with an admin makes a conflict, which a third record does not settle', async () => {
    const id = await staged()
    at(HELD_AT)
    await record(admins.ben, id, OTHER_NUMBERS)
    page.publish(NUMBERS)
    await sweep()
    expect((await readAs(admins.ben, id)).status).toBe('conflicting')
    expect((await record(admins.cruz, id)).body.status).toBe('conflicting')
    expect(await history(id)).toEqual([])
  })

  it('has another author once another admin sets its address, and is fetched at once', async () => {
    const id = await staged({ resultsUrl: 'https://unknown.loteria.example/{date}' })
    at(HELD_AT)
    await sweep()
    expect(await readAs(admins.ana, id)).toMatchObject({ fetchProblem: 'unreachable' })
    page.publish(NUMBERS)
    await as(admins.ben, 'PUT', `/lotteries/${id}`, { resultsUrl: RESULTS_URL })
    await sweep()
    expect((await pageRecord(id))!).toMatchObject({ author: admins.ben.id, numbers: NUMBERS })
    // The same address again makes nobody else its author.
    await as(admins.cruz, 'PUT', `/lotteries/${id}`, { resultsUrl: RESULTS_URL })
    const by = env.DB.prepare('SELECT results_url_by FROM lotteries WHERE id = ?').bind(id)
    expect(await by.first<string>('results_url_by')).toBe(admins.ben.id)
  })

  it('is not fetched once who set its address is no longer an admin, until another one sets it', async () => {
    const id = await staged()
    page.publish(NUMBERS)
    await leave(admins.ana)
    at(HELD_AT)
    await sweep()
    expect(page.asked).toEqual([])
    expect(await readAs(admins.ben, id)).toMatchObject({
      status: 'awaited',
      fetchProblem: 'nobody_answers',
      nextFetchAt: new Date(HELD_AT + 5 * MINUTE).toISOString(),
    })
    await as(admins.ben, 'PUT', `/lotteries/${id}`, { resultsUrl: RESULTS_URL })
    await sweep()
    expect((await pageRecord(id))!).toMatchObject({ author: admins.ben.id, numbers: NUMBERS })
    expect(await readAs(admins.ben, id)).toMatchObject({ status: 'unconfirmed', fetchProblem: null })
  })

  it('confirms nothing if who set its address has left since it was fetched', async () => {
    const id = await staged()
    page.publish(NUMBERS)
    at(HELD_AT)
    await sweep()
    await leave(admins.ana)
    expect((await record(admins.ben, id)).body).toMatchObject({ status: 'unconfirmed', numbers: null })
    expect(await history(id)).toEqual([])
  })

  it('is not fetched any more once its address is taken away', async () => {
    const id = await staged()
    at(HELD_AT)
    await sweep()
    await as(admins.ben, 'PUT', `/lotteries/${id}`, { resultsUrl: null })
    at(HELD_AT + DAY)
    await sweep()
    expect(askedOf()).toHaveLength(1)
    expect(await readAs(admins.ben, id)).toMatchObject({ nextFetchAt: null, attention: 'missing' })
  })
})

describe('a page that misbehaves', () => {
  const json = { 'content-type': 'application/json' }

  it.each<[problem: string, answer: () => Response | Promise<Response>]>([
    ['redirected', () => new Response(null, { status: 302, headers: { location: 'https://127.0.0.1/' } })],
    ['failed', () => Response.json({ secret: 'abc' }, { status: 500 })],
    ['not_json', () => new Response('<html>secret abc</html>', { headers: { 'content-type': 'text/html' } })],
    ['not_json', () => new Response('{"date":', { headers: json })],
    ['too_large', () => new Response(' '.repeat(10_000_000), { headers: json })],
    ['wrong_shape', () => Response.json([])],
    ['wrong_shape', () => Response.json({ date: DATE })],
    ['wrong_shape', () => Response.json({ date: DATE, numbers: NUMBERS, secret: 'abc' })],
    ['wrong_shape', () => Response.json({ date: DATE, numbers: ['0427'] })],
    ['wrong_shape', () => Response.json({ date: DATE, numbers: ['0427', '901'] })],
    ['wrong_shape', () => Response.json({ date: DATE, numbers: [427, 9001] })],
    ['wrong_shape', () => Response.json({ date: '5 May', numbers: NUMBERS })],
    ['other_date', () => Response.json({ date: '2031-05-04', numbers: NUMBERS })],
    ['other_date', () => Response.json({ date: '2031-05-06', numbers: NUMBERS })],
    ['unreachable', () => Promise.reject(new TypeError('connection refused by 10.0.0.1, secret abc'))],
  ])('is noted as %s, and brings no numbers', async (problem, answer) => {
    const id = await staged()
    page.answerWith(answer)
    at(HELD_AT)
    await sweep()
    const shown = await readAs(admins.ben, id)
    expect(shown).toMatchObject({
      status: 'awaited',
      records: [],
      fetchProblem: problem,
      nextFetchAt: new Date(HELD_AT + 5 * MINUTE).toISOString(),
    })
    expect(JSON.stringify(shown)).not.toContain('abc')
    expect(page.asked).toEqual([ADDRESS])
  })

  it('and never answers holds the sweep for ten seconds only', async () => {
    const id = await staged()
    page.answerWith(() => new Promise(() => {}))
    at(HELD_AT)
    const { timers } = await withShortTimers(10 * SECOND, () => sweep())
    expect(timers).toBe(1)
    expect(await readAs(admins.ben, id)).toMatchObject({ fetchProblem: 'timed_out' })
  })

  it('is tried again with pauses, and at last left to people', async () => {
    const id = await staged()
    const asked: number[] = []
    for (let minute = 0; minute <= 26 * 60; minute += 5) {
      at(HELD_AT + minute * MINUTE)
      const before = askedOf().length
      await sweep()
      if (askedOf().length > before) asked.push(minute)
    }
    expect(asked.slice(0, 6)).toEqual([0, 5, 20, 50, 110, 170])
    expect(asked).toHaveLength(26)
    expect(await readAs(admins.ben, id)).toMatchObject({
      attention: 'missing',
      nextFetchAt: null,
      fetchProblem: 'failed',
    })
    await stageResult(id)
    expect(await history(id)).toHaveLength(1)
  })

  it('is not fetched at an address that was saved before the rules were strict', async () => {
    const id = await staged()
    const hostile = env.DB.prepare('UPDATE lotteries SET results_url = ? WHERE id = ?')
    await hostile.bind('https://169.254.169.254/latest/{date}', id).run()
    at(HELD_AT)
    await sweep()
    expect(page.asked).toEqual([])
    expect(await readAs(admins.ben, id)).toMatchObject({ fetchProblem: 'address_refused' })
  })
})

describe('a result that counts', () => {
  it('is compared with the page later; a difference is raised and changes nothing', async () => {
    const id = await staged()
    at(HELD_AT)
    await stageResult(id)
    page.publish(OTHER_NUMBERS)
    at(HELD_AT + HOUR - SECOND)
    await sweep()
    expect(page.asked).toEqual([])
    at(HELD_AT + HOUR)
    await sweep()
    expect(await readAs(admins.cruz, id)).toMatchObject({
      status: 'confirmed',
      numbers: NUMBERS,
      attention: 'difference',
    })
    expect(await history(id)).toHaveLength(1)
    // The page is corrected: the difference is gone.
    page.publish(NUMBERS)
    at(HELD_AT + DAY)
    await sweep()
    expect(await readAs(admins.cruz, id)).toMatchObject({ attention: null, numbers: NUMBERS })
    expect((await pageRecord(id))!.status).toBe('withdrawn')
    at(HELD_AT + 7 * DAY)
    await sweep()
    expect(askedOf()).toHaveLength(3)
    at(HELD_AT + 30 * DAY)
    await sweep()
    expect(askedOf()).toHaveLength(3)
  })

  it('is compared once a week after that, while a raffle on its draw is not over', async () => {
    const id = await staged()
    at(HELD_AT)
    await stageResult(id)
    page.publish(NUMBERS)
    const inUse = { ...WITHOUT_RAFFLES, isInUse: async () => true }
    for (const after of [HOUR, DAY, 7 * DAY, 14 * DAY, 21 * DAY - SECOND]) {
      at(HELD_AT + after)
      await sweep(inUse)
    }
    expect(askedOf()).toHaveLength(4)
    page.publish(OTHER_NUMBERS)
    at(HELD_AT + 21 * DAY)
    await sweep()
    expect(askedOf()).toHaveLength(5)
    expect(await readAs(admins.cruz, id)).toMatchObject({ attention: 'difference', nextFetchAt: null })
    at(HELD_AT + 60 * DAY)
    await sweep(inUse)
    expect(askedOf()).toHaveLength(5)
  })

  it('is corrected by a difference only if an admin confirms it, with a reason', async () => {
    const id = await staged()
    at(HELD_AT)
    await stageResult(id)
    page.publish(OTHER_NUMBERS)
    at(HELD_AT + HOUR)
    await sweep()
    const { id: recordId } = (await pageRecord(id))!
    const without = await decide(admins.cruz, 'confirm', id, recordId)
    expect([without.status, without.body.errors?.[0].path]).toEqual([422, 'reason'])
    expect((await decide(admins.ana, 'confirm', id, recordId, { reason: WHY })).body.code).toBe('forbidden')
    const corrected = await decide(admins.cruz, 'confirm', id, recordId, { reason: WHY })
    expect(corrected.body).toMatchObject({ numbers: OTHER_NUMBERS, source: ADDRESS, attention: null })
    expect(await history(id)).toMatchObject([{ revision: 0 }, { revision: 1, reason: WHY }])
    expect(corrected.body.nextFetchAt).toBe(new Date(HELD_AT + 2 * HOUR).toISOString())
  })

  it('is not corrected by a page that agrees with a correction; a second person is needed', async () => {
    const id = await staged()
    at(HELD_AT)
    await stageResult(id)
    await record(admins.ben, id, OTHER_NUMBERS, { reason: WHY })
    page.publish(OTHER_NUMBERS)
    at(HELD_AT + HOUR)
    await sweep()
    expect(await readAs(admins.cruz, id)).toMatchObject({ numbers: NUMBERS, attention: 'difference' })
    expect(await history(id)).toHaveLength(1)
  })

  it('is not corrected by an admin who records what the page says; a second one is needed', async () => {
    const id = await staged()
    at(HELD_AT)
    await stageResult(id)
    page.publish(OTHER_NUMBERS)
    at(HELD_AT + HOUR)
    await sweep()
    const { body } = await record(admins.cruz, id, OTHER_NUMBERS, { reason: WHY })
    expect(body).toMatchObject({ numbers: NUMBERS, attention: 'difference' })
    expect(await history(id)).toHaveLength(1)
    const own = body.records.find(({ author }: { author: string }) => author === admins.cruz.id)
    const corrected = await decide(admins.ben, 'confirm', id, own.id)
    expect(corrected.body).toMatchObject({ numbers: OTHER_NUMBERS, attention: null })
  })

  it('of a conflict differs from the page that has lost it', async () => {
    const id = await staged()
    at(HELD_AT)
    const recorded = await record(admins.ben, id, OTHER_NUMBERS)
    page.publish(NUMBERS)
    await sweep()
    await decide(admins.cruz, 'confirm', id, recorded.body.records[0].id)
    expect(await readAs(admins.cruz, id)).toMatchObject({ numbers: OTHER_NUMBERS, attention: null })
    at(HELD_AT + HOUR)
    await sweep()
    expect(await readAs(admins.cruz, id)).toMatchObject({ numbers: OTHER_NUMBERS, attention: 'difference' })
    expect(await history(id)).toHaveLength(1)
  })

  it('whose difference was rejected is not disputed by the same numbers again', async () => {
    const id = await staged()
    at(HELD_AT)
    await stageResult(id)
    page.publish(OTHER_NUMBERS)
    at(HELD_AT + HOUR)
    await sweep()
    await decide(admins.ben, 'reject', id, (await pageRecord(id))!.id)
    at(HELD_AT + DAY)
    await sweep()
    expect(await readAs(admins.cruz, id)).toMatchObject({ attention: null })
    page.publish(['1111', '2222'])
    at(HELD_AT + 7 * DAY)
    await sweep()
    expect(await readAs(admins.cruz, id)).toMatchObject({ attention: 'difference' })
  })
})

describe('a sweep that dies', () => {
  const died = async (id: string, process: ReturnType<typeof crashableProcess>): Promise<boolean> => {
    allowLogged({ reason: DIED })
    const ctx = createContext(environment(process.bindings), testSettings(), Date.now(), id)
    await sweepLotteries(ctx, WITHOUT_RAFFLES).catch((error) => {
      if (!process.isDead()) throw error
    })
    await process.settled()
    return process.isDead()
  }

  it('anywhere loses no draw and no page, and makes one result', async () => {
    await everyDeath(async (death, where) => {
      at(HELD_AT - HOUR)
      const [empty, recorded] = [await staged(), await staged()]
      page.publish(NUMBERS)
      at(HELD_AT)
      await record(admins.ben, recorded)
      const process = crashableProcess(death)
      const isDead = await died(where, process)
      // The next sweeps finish the rest: a fetch that was put off is made five minutes later.
      await sweep()
      at(HELD_AT + 5 * MINUTE)
      await sweep()
      expect(await readAs(admins.cruz, empty), where).toMatchObject({
        status: 'unconfirmed',
        records: [{ origin: 'page', status: 'pending' }],
        nextFetchAt: null,
      })
      expect(await history(recorded), where).toMatchObject([{ revision: 0, numbers: NUMBERS }])
      expect((await readAs(admins.cruz, recorded)).records, where).toHaveLength(2)
      return isDead
    })
  })

  it('and two at once fetch a page once, and make one record', async () => {
    const id = await staged()
    page.publish(NUMBERS)
    at(HELD_AT)
    await Promise.all([sweep(), sweep(), sweep()])
    expect((await readAs(admins.cruz, id)).records).toHaveLength(1)
    expect(page.asked.length).toBeLessThanOrEqual(3)
  })

  it('is part of the sweep of each minute', async () => {
    const id = await staged()
    page.publish(NUMBERS)
    at(HELD_AT)
    await runSweep(environment(), HELD_AT)
    expect((await readAs(admins.cruz, id)).records).toHaveLength(1)
  })
})
