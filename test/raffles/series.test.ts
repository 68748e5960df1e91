// Series through the API and the sweep: each day's raffle exactly once, despite crashes and concurrent sweeps.

import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { createContext } from '../../src/core/context.ts'
import { sweepSeries } from '../../src/raffles/series/sweep-series.ts'
import { Crash, crashableProcess, everyDeath } from '../harness/crash.ts'
import { environment } from '../harness/environment.ts'
import { expectLogged, rowNotDone } from '../harness/log.ts'
import { organisationWithOperator, registerPlayer, testSettings } from '../harness/people.ts'
import { allowGuarantees } from '../payouts/payout-stage.ts'
import { as, at, buy, DAY, HOUR, interrupted, iso, MINUTE, NOW, sweep, useClock } from './scenario.ts'
import {
  countRows,
  daysOf,
  occurrences,
  rafflesOf,
  seriesBody,
  stageSeries,
  upcoming,
} from './series-stage.ts'

const reward = (title: string) => ({ prizes: [{ title, quantity: 1 }] })
const prizesOf = (raffle: { prizes: { title: string }[] }) => raffle.prizes.map(({ title }) => title)
const THREE_DAYS = ['2031-05-05', '2031-05-06', '2031-05-07']

describe('a series', () => {
  useClock()

  it('has its next raffles published ahead, and one more each day', async () => {
    const { id, body } = await stageSeries()
    expect(body).toMatchObject({ status: 'active', endsOn: null, terms: { maxPerUser: 1 } })
    await sweep()
    expect(await daysOf(id)).toEqual(THREE_DAYS)
    expect((await rafflesOf(id))[0]).toMatchObject({
      seriesId: id,
      title: 'Daily lucky draw, 2031-05-05',
      status: 'open',
      opensAt: '2031-05-04T17:00:00.000Z',
      closesAt: '2031-05-05T16:55:00.000Z',
      drawAt: '2031-05-05T17:00:00.000Z',
      timeZone: 'Africa/Nairobi',
      maxPerUser: 1,
    })
    at(NOW + 5 * HOUR)
    await sweep()
    expect(await daysOf(id)).toEqual([...THREE_DAYS, '2031-05-08'])
    at(NOW + DAY)
    await sweep()
    expect(await daysOf(id)).toHaveLength(4)
  })

  it('shows the next draw and its reward, and lets each person enter once', async () => {
    const { id, path, operator } = await stageSeries()
    await as(operator, 'PUT', `${path}/rewards/2031-05-05`, {
      ...reward('A reading lamp'),
      imageUrl: 'https://books.example/lamp.jpg',
    })
    await sweep()
    const [next, ...later] = await upcoming(id)
    expect(next).toMatchObject({
      series: { id, title: 'Daily lucky draw' },
      raffle: { status: 'open', imageUrl: 'https://books.example/lamp.jpg' },
      drawAt: '2031-05-05T17:00:00.000Z',
      localDrawAt: '2031-05-05T20:00:00+03:00',
      prizes: [{ title: 'A reading lamp' }],
    })
    expect(later.map(prizesOf)).toEqual([['A bookmark'], ['A bookmark']])
    const player = await registerPlayer()
    expect((await buy(player, next.raffle.id)).status).toBe(201)
    expect((await buy(player, next.raffle.id)).body.code).toBe('limit_reached')
    at(NOW + 5 * HOUR)
    await sweep()
    at(NOW + 5 * HOUR + MINUTE)
    await sweep()
    const { body } = await as(null, 'GET', `/raffles/${next.raffle.id}/winners`)
    expect(body.data).toMatchObject([{ prize: { title: 'A reading lamp' } }])
    expect(prizesOf((await upcoming(id))[0])).toEqual(['A bookmark'])
  })

  it('makes each day once when several sweeps run concurrently', async () => {
    const { id } = await stageSeries()
    await Promise.all(Array.from({ length: 4 }, () => sweep()))
    await sweep()
    expect(await daysOf(id)).toEqual(THREE_DAYS)
    expect(await countRows(id)).toEqual({ raffles: 3, claims: 3 })
  })

  it('makes each day once, wherever a sweep crashes', async () => {
    expectLogged(rowNotDone('series'))
    await everyDeath(async (death, where) => {
      await env.DB.prepare("UPDATE series SET status = 'paused'").run()
      const { id } = await stageSeries({ cadence: { every: 'month', dayOfMonth: 20 } })
      const dying = crashableProcess(death)
      const died = sweepSeries(
        createContext(environment(dying.bindings), testSettings(), Date.now(), 'a-sweep'),
      )
      await died.catch((error) => expect(error.cause ?? error).toBeInstanceOf(Crash))
      await dying.settled()
      at(NOW + 2 * MINUTE)
      await sweep()
      expect(await daysOf(id), where).toEqual(['2031-05-20'])
      expect(await countRows(id), where).toEqual({ raffles: 1, claims: 1 })
      at(NOW)
      return dying.isDead()
    })
  }, 120_000)

  it('respects a change during a sweep, up to the claim of the day', async () => {
    const series = await stageSeries({ cadence: { every: 'month', dayOfMonth: 20 } })
    const { id, path, operator } = series
    const meanwhile = (change: () => Promise<unknown>) =>
      interrupted(/insert into "series_occurrences"/, change)
    const skipping = meanwhile(() => as(operator, 'PUT', `${path}/skips/2031-05-20`))
    await sweep({ DB: skipping.DB })
    expect([skipping.done(), await daysOf(id)]).toEqual([true, []])
    await as(operator, 'DELETE', `${path}/skips/2031-05-20`)
    const moving = meanwhile(() => as(operator, 'PUT', path, { cadence: { every: 'month', dayOfMonth: 21 } }))
    await sweep({ DB: moving.DB })
    expect([moving.done(), await daysOf(id)]).toEqual([true, []])
    const rewarding = meanwhile(() => as(operator, 'PUT', `${path}/rewards/2031-05-21`, reward('A mug')))
    await sweep({ DB: rewarding.DB })
    expect([rewarding.done(), await daysOf(id)]).toEqual([true, []])
    await sweep()
    expect((await rafflesOf(id)).map(prizesOf)).toEqual([['A mug']])
    const other = await stageSeries()
    const ending = meanwhile(() => as(other.operator, 'PUT', other.path, { status: 'ended' }))
    await sweep({ DB: ending.DB })
    expect([ending.done(), await countRows(other.id)]).toEqual([true, { raffles: 0, claims: 0 }])
  })

  it('has no draw on a skipped day until the day is restored', async () => {
    const { id, path, operator } = await stageSeries()
    expect((await as(operator, 'PUT', `${path}/skips/2031-05-06`)).body).toEqual({ date: '2031-05-06' })
    expect((await as(operator, 'PUT', `${path}/skips/2031-05-06`)).status).toBe(200)
    await sweep()
    expect(await daysOf(id)).toEqual(['2031-05-05', '2031-05-07'])
    expect((await occurrences(id)).map(({ date, skipped }) => [date, skipped])).toEqual([
      ['2031-05-05', false],
      ['2031-05-06', true],
      ['2031-05-07', false],
      ['2031-05-08', false],
    ])
    expect((await as(operator, 'PUT', `${path}/skips/2031-05-07`)).body.code).toBe('invalid_state')
    expect((await as(operator, 'DELETE', `${path}/skips/2031-05-06`)).status).toBe(204)
    expect((await as(operator, 'DELETE', `${path}/skips/2031-05-06`)).status).toBe(404)
    await sweep()
    expect(await daysOf(id)).toEqual(THREE_DAYS)
  })

  it('gives a day the reward that it has when its raffle is made', async () => {
    const { id, path, operator } = await stageSeries()
    const put = (date: string, title: string) => as(operator, 'PUT', `${path}/rewards/${date}`, reward(title))
    await put('2031-05-06', 'A mug')
    await put('2031-05-06', 'A scarf')
    await put('2031-05-07', 'A lamp')
    expect((await as(operator, 'DELETE', `${path}/rewards/2031-05-07`)).status).toBe(204)
    expect((await as(operator, 'DELETE', `${path}/rewards/2031-05-07`)).status).toBe(404)
    await sweep()
    await put('2031-05-08', 'A chair')
    await put('2031-05-08', 'A table')
    expect((await put('2031-05-06', 'A car')).body.code).toBe('invalid_state')
    expect((await as(operator, 'DELETE', `${path}/rewards/2031-05-06`)).body.code).toBe('invalid_state')
    expect((await occurrences(id)).map(prizesOf)).toEqual([
      ['A bookmark'],
      ['A scarf'],
      ['A bookmark'],
      ['A table'],
    ])
    const { body } = await as(null, 'GET', `${path}/rewards?from=2031-05-07`)
    expect(body.data).toMatchObject([{ date: '2031-05-08', prizes: [{ title: 'A table' }], imageUrl: null }])
    at(NOW + 5 * HOUR)
    await sweep()
    expect(prizesOf((await rafflesOf(id)).at(-1))).toEqual(['A table'])
  })

  it('makes nothing while it is paused, and nothing after it has ended', async () => {
    const { id, path, operator } = await stageSeries()
    await as(operator, 'PUT', path, { status: 'paused' })
    await sweep()
    expect(await daysOf(id)).toEqual([])
    expect(await occurrences(id)).toEqual([])
    await as(operator, 'PUT', path, { status: 'active' })
    await sweep()
    expect(await daysOf(id)).toEqual(THREE_DAYS)
    expect((await as(operator, 'PUT', path, { status: 'ended' })).body.status).toBe('ended')
    at(NOW + 2 * DAY)
    await sweep()
    expect(await daysOf(id)).toEqual(THREE_DAYS)
    for (const [method, route, body] of [
      ['PUT', path, { status: 'active' }],
      ['PUT', `${path}/skips/2031-05-20`, undefined],
      ['PUT', `${path}/rewards/2031-05-20`, reward('A mug')],
    ] as const) {
      expect((await as(operator, method, route, body)).body.code).toBe('invalid_state')
    }
  })

  it('ends by itself after its last day', async () => {
    const { id, path } = await stageSeries({ endsOn: '2031-05-06' })
    await sweep()
    expect(await daysOf(id)).toEqual(['2031-05-05', '2031-05-06'])
    at(NOW + DAY + 5 * HOUR - 5 * MINUTE)
    await sweep()
    expect((await as(null, 'GET', path)).body.status).toBe('ended')
    expect(await daysOf(id)).toHaveLength(2)
  })

  it('does not end while a skipped day can still be restored', async () => {
    const { id, path, operator } = await stageSeries({ endsOn: '2031-05-05' })
    const skip = `${path}/skips/2031-05-05`
    const status = async () => (await as(null, 'GET', path)).body.status
    await as(operator, 'PUT', skip)
    await sweep()
    expect([await status(), await daysOf(id)]).toEqual(['active', []])
    expect((await as(operator, 'DELETE', skip)).status).toBe(204)
    await sweep()
    expect([await status(), await daysOf(id)]).toEqual(['active', ['2031-05-05']])
  })

  it('ends after its last day, skipped or not; then no day can be skipped or restored', async () => {
    const { id, path, operator } = await stageSeries({ endsOn: '2031-05-05' })
    const skip = `${path}/skips/2031-05-05`
    await as(operator, 'PUT', skip)
    await sweep()
    at(NOW + 5 * HOUR - 5 * MINUTE)
    expect((await as(operator, 'DELETE', skip)).body.errors[0].path).toBe('date')
    await sweep()
    expect((await as(null, 'GET', path)).body.status).toBe('ended')
    expect((await as(operator, 'DELETE', skip)).body.code).toBe('invalid_state')
    expect(await countRows(id)).toEqual({ raffles: 0, claims: 0 })
  })

  it('restores no day if it ends at that moment', async () => {
    const { path, operator } = await stageSeries()
    const skip = `${path}/skips/2031-05-06`
    await as(operator, 'PUT', skip)
    const ending = interrupted(/^delete from "series_skips"/, () =>
      as(operator, 'PUT', path, { status: 'ended' }),
    )
    const { body } = await as(operator, 'DELETE', skip, undefined, { bindings: { DB: ending.DB } })
    expect([ending.done(), body.code]).toEqual([true, 'invalid_state'])
  })

  it('changes only the raffles that are not made yet', async () => {
    const { id, path, operator, body } = await stageSeries()
    await sweep()
    const change = { time: '21:30', terms: { totalTickets: 99 } }
    const changed = await as(operator, 'PUT', path, change)
    expect(changed.body).toMatchObject({ time: '21:30', terms: { ...body.terms, totalTickets: 99 } })
    at(NOW + 6.5 * HOUR)
    await sweep()
    const made = await rafflesOf(id)
    expect(made.map(({ drawAt, totalTickets }) => [drawAt, totalTickets])).toEqual([
      ['2031-05-05T17:00:00.000Z', 50],
      ['2031-05-06T17:00:00.000Z', 50],
      ['2031-05-07T17:00:00.000Z', 50],
      ['2031-05-08T18:30:00.000Z', 99],
    ])
  })

  it('shows the raffles already made at their own times, even if its time has changed', async () => {
    const { id, path, operator } = await stageSeries()
    await sweep()
    const shown = async () =>
      (await occurrences(id)).map(({ date, localDrawAt, status }) => [date, localDrawAt.slice(0, 16), status])
    await as(operator, 'PUT', path, { time: '08:00' })
    const made = [
      ['2031-05-05', '2031-05-05T20:00', 'open'],
      ['2031-05-06', '2031-05-06T20:00', 'scheduled'],
      ['2031-05-07', '2031-05-07T20:00', 'scheduled'],
    ]
    expect(await shown()).toEqual([...made, ['2031-05-08', '2031-05-08T08:00', null]])
    await as(operator, 'PUT', path, { time: '23:00' })
    at(NOW + 5 * HOUR)
    expect((await shown())[0]).toEqual(['2031-05-06', '2031-05-06T20:00', 'open'])
    await as(operator, 'PUT', path, { status: 'ended' })
    expect(await shown()).toEqual([[...made[1]!.slice(0, 2), 'open'], made[2]])
  })

  it('shows a day whose raffle was cancelled as cancelled', async () => {
    const { id, path, operator } = await stageSeries()
    await sweep()
    const [first] = await occurrences(id)
    await as(operator, 'POST', `/raffles/${first.raffleId}/cancel`, { reason: 'A holiday' })
    expect((await as(operator, 'PUT', `${path}/skips/2031-05-05`)).body.code).toBe('invalid_state')
    const shown = await occurrences(id, 2)
    expect(shown.map(({ date, skipped, status }) => [date, skipped, status])).toEqual([
      ['2031-05-05', false, 'cancelled'],
      ['2031-05-06', false, 'scheduled'],
    ])
    expect(shown[0].raffleId).toBe(first.raffleId)
  })

  it('shows why a day cannot be published, and makes the other days', async () => {
    expectLogged(rowNotDone('series'))
    const { id, operator, organisation } = await stageSeries()
    await allowGuarantees(organisation.id, 5)
    await env.DB.prepare(
      `INSERT INTO series_rewards VALUES (?, '2031-05-06', '[{"kind":"cash","title":"Gold","quantity":1,"value":{"amount":5,"currency":"KES"}}]', NULL)`,
    )
      .bind(id)
      .run()
    await sweep()
    expect(await daysOf(id)).toEqual(['2031-05-05', '2031-05-07'])
    const [, stuck] = await occurrences(id, 2, operator)
    expect(stuck.problem).toContain('do not fit the prize pool')
    expect(stuck.status).toBe('draft')
    expect((await occurrences(id, 2))[1]).toMatchObject({ problem: null, raffleId: null, status: null })
    const path = `/raffles/${stuck.raffleId}`
    expect((await as(operator, 'PUT', path, { guaranteed: true })).status).toBe(200)
    await sweep()
    expect(await daysOf(id)).toEqual(THREE_DAYS)
    expect((await occurrences(id, 2, operator))[1].problem).toBeNull()
  })

  it('can be created from a template of the same organisation', async () => {
    const { operator, organisation } = await stageSeries()
    const { title: _, timeZone: __, ...body } = seriesBody()
    const template = await as(operator, 'POST', '/raffle-templates', {
      ...body.terms,
      name: 'Evening',
      colour: '#000000',
      title: 'Evening',
    })
    const input = { ...seriesBody(), templateId: template.body.id, terms: { totalTickets: 7 } }
    const { body: made } = await as(operator, 'POST', '/series', input)
    expect(made).toMatchObject({ organisation: { id: organisation.id }, terms: { totalTickets: 7 } })
    expect(prizesOf(made.terms)).toEqual(['A bookmark'])
    const stranger = await organisationWithOperator()
    expect((await as(stranger.operator, 'POST', '/series', input)).body.detail).toBe(
      'No such raffle template.',
    )
  })

  it.each([
    [{ closesBefore: 1_440 }, 'closesBefore'],
    [{ closesBefore: 0 }, 'closesBefore'],
    [{ endsOn: '2031-05-04' }, 'endsOn'],
    [{ startsOn: '2031-01-01', endsOn: '2031-05-04' }, 'endsOn'],
    [{ time: '24:00' }, 'time'],
    [{ timeZone: 'Africa/Nowhere' }, 'timeZone'],
    [{ startsOn: '2031-02-30' }, 'startsOn'],
    [{ cadence: { every: 'week', weekdays: [] } }, 'cadence.weekdays'],
    [{ terms: {} }, 'terms.ticketPrice'],
    [{ terms: { ...seriesBody().terms, maxPerUser: 51 } }, 'terms.maxPerUser'],
    [{ terms: { ...seriesBody().terms, title: 'Mine' } }, 'terms.title'],
  ])('cannot be created with %j', async (changes, path) => {
    const { operator } = await organisationWithOperator()
    const { status, body } = await as(operator, 'POST', '/series', seriesBody(changes))
    expect(status).toBe(422)
    expect(body.errors[0].path).toBe(path)
  })

  it('has rewards and skips only on its own future days', async () => {
    const { path, operator } = await stageSeries({ cadence: { every: 'week', weekdays: ['friday'] } })
    for (const date of ['2031-05-05', '2031-05-02']) {
      expect((await as(operator, 'PUT', `${path}/skips/${date}`)).body.errors[0].path).toBe('date')
      expect((await as(operator, 'PUT', `${path}/rewards/${date}`, reward('A mug'))).status).toBe(422)
    }
    const gold = { kind: 'cash', title: 'Gold', quantity: 1, value: { amount: 5, currency: 'KES' } }
    const unaffordable = await as(operator, 'PUT', `${path}/rewards/2031-05-09`, { prizes: [gold] })
    expect(unaffordable.body.errors[0].path).toBe('prizes')
    expect((await as(operator, 'PUT', `${path}/skips/2031-02-30`)).status).toBe(404)
  })

  it('can be deleted until it has made a raffle', async () => {
    const { id, path, operator } = await stageSeries()
    await as(operator, 'PUT', `${path}/rewards/2031-05-06`, reward('A mug'))
    await as(operator, 'PUT', `${path}/skips/2031-05-07`)
    expect((await as(operator, 'DELETE', path)).status).toBe(204)
    expect((await as(operator, 'GET', path)).status).toBe(404)
    expect(await countRows(id)).toEqual({ raffles: 0, claims: 0 })
    const other = await stageSeries()
    await sweep()
    expect((await as(other.operator, 'DELETE', other.path)).body.code).toBe('invalid_state')
    expect(iso(Date.now())).toBe(iso(NOW))
  })
})
