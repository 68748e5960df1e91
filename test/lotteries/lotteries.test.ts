// Lotteries: administrators keep them, everybody reads them.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { protectedRoutes } from '../harness/auth-battery.ts'
import { organisationWithOperator, registerPlayer } from '../harness/people.ts'
import { as, at, DAY, readAll, sweep, useClock } from '../raffles/scenario.ts'
import { admins, HELD_AT, lotteryBody, RESULTS_URL, stageLottery, useAdmins } from './lottery-stage.ts'

useClock()
useAdmins()

const NOBODYS = newId('lottery')
const DECISION = { recordId: newId('lotteryRecord') }

protectedRoutes([
  { method: 'POST', path: '/api/v1/lotteries', body: lotteryBody() },
  { method: 'GET', path: '/api/v1/lotteries/attention' },
  { method: 'PUT', path: `/api/v1/lotteries/${NOBODYS}`, body: { name: 'Another' } },
  { method: 'DELETE', path: `/api/v1/lotteries/${NOBODYS}` },
  {
    method: 'POST',
    path: `/api/v1/lotteries/${NOBODYS}/results`,
    body: { date: '2026-01-01', numbers: ['0001'], source: 'https://a.example/' },
  },
  { method: 'POST', path: `/api/v1/lotteries/${NOBODYS}/results/2026-01-01/confirm`, body: DECISION },
  { method: 'POST', path: `/api/v1/lotteries/${NOBODYS}/results/2026-01-01/reject`, body: DECISION },
  { method: 'POST', path: `/api/v1/lotteries/${NOBODYS}/results/2026-01-01/skip`, body: { reason: 'None.' } },
])

const read = async (id: string) => (await as(null, 'GET', `/lotteries/${id}`)).body

describe('a lottery', () => {
  it('is created by an admin and read by everybody, with its next draw', async () => {
    const id = await stageLottery({ resultsUrl: RESULTS_URL })
    expect(await read(id)).toMatchObject({
      ...lotteryBody(),
      id,
      status: 'active',
      resultsUrl: RESULTS_URL,
      nextDraw: { date: '2031-05-05', drawAt: new Date(HELD_AT).toISOString() },
    })
    const lists = [
      ['?country=CO', true],
      ['?country=KE', false],
      ['?status=archived', false],
    ] as const
    for (const [query, isIn] of lists) {
      const all = await readAll(`/lotteries${query}`, 100)
      expect(
        all.some((each: { id: string }) => each.id === id),
        query,
      ).toBe(isIn)
    }
  })

  it('is changed by admins only', async () => {
    const id = await stageLottery()
    const { operator } = await organisationWithOperator()
    for (const person of [await registerPlayer(), operator]) {
      const refused = [
        await as(person, 'POST', '/lotteries', lotteryBody()),
        await as(person, 'PUT', `/lotteries/${id}`, { name: 'Mine' }),
        await as(person, 'DELETE', `/lotteries/${id}`),
        await as(person, 'GET', '/lotteries/attention'),
      ]
      expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403])
    }
    expect((await read(id)).name).toBe('Lotería del Río')
  })

  it.each([
    ['timeZone', { timeZone: 'Bogota' }],
    ['time', { time: '24:00' }],
    ['cadence.weekdays', { cadence: { every: 'week', weekdays: [] } }],
    ['numbersPerDraw', { numbersPerDraw: 21 }],
    ['digits', { digits: 7 }],
    ['country', { country: 'Colombia' }],
    ['name', { name: '' }],
    ['resultsUrl', { resultsUrl: 'http://results.loteria.example/' }],
    ['resultsUrl', { resultsUrl: 'https://169.254.169.254/{date}' }],
    ['resultsUrl', { resultsUrl: 'https://{date}.loteria.example/' }],
    ['resultsUrl', { resultsUrl: 'https://results.loteria.example/{day}' }],
    ['resultsUrl', { resultsUrl: 'https://localhost/{date}' }],
  ])('is refused with a wrong %s: %j', async (path, changes) => {
    const { status, body } = await as(admins.ana, 'POST', '/lotteries', lotteryBody(changes))
    expect([status, body.errors?.[0].path], JSON.stringify(body)).toEqual([422, path])
    if (path !== 'numbersPerDraw' && path !== 'digits') {
      const id = await stageLottery()
      expect((await as(admins.ana, 'PUT', `/lotteries/${id}`, changes)).status).toBe(422)
    }
  })

  it('keeps the numbers that its draws have', async () => {
    const id = await stageLottery()
    expect((await as(admins.ana, 'PUT', `/lotteries/${id}`, { digits: 3 })).status).toBe(422)
  })

  it('of two changes at once makes both, or refuses the one that has not seen the other', async () => {
    const id = await stageLottery()
    const answers = await Promise.all(
      ['One', 'Two', 'Three'].map((name) => as(admins.ana, 'PUT', `/lotteries/${id}`, { name })),
    )
    const made = answers.filter(({ status }) => status === 200)
    for (const { status } of answers) expect([200, 409]).toContain(status)
    const audited = env.DB.prepare(
      `SELECT count(*) AS n FROM audit WHERE action = 'lottery.updated' AND subject_id = ?`,
    ).bind(id)
    expect(await audited.first<number>('n')).toBe(made.length)
    const { name } = await read(id)
    expect(made.map(({ body }) => body.name)).toContain(name)
  })

  it('awaits the draw of a moment ago although its times change', async () => {
    const id = await stageLottery()
    at(HELD_AT + 1_000)
    const changed = await as(admins.ana, 'PUT', `/lotteries/${id}`, { name: 'Renamed' })
    expect(changed.body.nextDraw.date).toBe('2031-05-05')
    await sweep()
    expect((await read(id)).nextDraw.date).toBe('2031-05-06')
    const { body } = await as(null, 'GET', `/lotteries/${id}/results`)
    expect(body.data.map(({ date }: { date: string }) => date)).toEqual(['2031-05-05'])
  })

  it('is deleted before its first draw, and archived afterwards', async () => {
    const unused = await stageLottery()
    expect((await as(admins.ana, 'DELETE', `/lotteries/${unused}`)).status).toBe(204)
    expect((await as(null, 'GET', `/lotteries/${unused}`)).status).toBe(404)
    expect((await as(admins.ana, 'DELETE', `/lotteries/${unused}`)).status).toBe(404)

    const used = await stageLottery()
    at(HELD_AT)
    await sweep()
    for (const _ of ['once', 'twice']) {
      expect((await as(admins.ana, 'DELETE', `/lotteries/${used}`)).status).toBe(204)
    }
    expect(await read(used)).toMatchObject({ status: 'archived', nextDraw: null })
    at(HELD_AT + 3 * DAY)
    await sweep()
    expect((await as(null, 'GET', `/lotteries/${used}/results`)).body.data).toHaveLength(1)
    const back = await as(admins.ana, 'PUT', `/lotteries/${used}`, { status: 'active' })
    expect(back.body).toMatchObject({ status: 'active', nextDraw: { date: '2031-05-09' } })
  })

  it('gets every draw of a long pause of the sweep', async () => {
    const id = await stageLottery()
    at(HELD_AT + 60 * DAY)
    await sweep()
    await sweep()
    const draws = await readAll(`/lotteries/${id}/results`, 20)
    expect(draws).toHaveLength(61)
    expect(new Set(draws.map(({ date }: { date: string }) => date)).size).toBe(61)
  })
})
