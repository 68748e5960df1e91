// The terms about who may enter: fixed at publication, carried by templates and series, and kept for older raffles.
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { parseRules } from '../../src/rdp1/rules.ts'
import { expectLogged } from '../harness/log.ts'
import { organisationWithOperator } from '../harness/people.ts'
import {
  as,
  at,
  buy,
  crashing,
  MINUTE,
  NOW,
  poolState,
  raffleBody,
  read,
  type Staged,
  stageDraft,
  stageRaffle,
  sweep,
  useClock,
} from './scenario.ts'
import { rafflesOf, seriesBody, stageSeries } from './series-stage.ts'

useClock()

const DEFAULTS = { entrants: 'anyone', staffMayEnter: false, challenge: 'none', countries: null }
const OTHERS = { entrants: 'proved', staffMayEnter: true, challenge: 'none', countries: ['KE'] }
const OPEN = { entrants: 'anyone', staffMayEnter: true, challenge: 'none', countries: null }

const change = ({ operator, id }: Staged, body: object) => as(operator, 'PUT', `/raffles/${id}`, body)

/** Each change is refused, and the refusal names its field. */
async function expectRefused(raffle: Staged, ...changes: object[]): Promise<void> {
  for (const body of changes) {
    const refused = await change(raffle, body)
    expect(refused.body).toMatchObject({
      code: 'invalid_state',
      errors: [{ path: Object.keys(body)[0], message: 'can no longer change' }],
    })
  }
}

describe('the terms about who may enter', () => {
  it('are by default: anyone except staff, without a check', async () => {
    const raffle = await stageRaffle()
    expect(await read(raffle.id)).toMatchObject(DEFAULTS)
    expect((await poolState(raffle.pool))!.terms).toMatchObject(DEFAULTS)
  })

  it('are outside the hashed rules', async () => {
    const { terms } = (await poolState((await stageRaffle(OTHERS)).pool))!
    const rules = Object.keys(parseRules((terms as { rules: string }).rules))
    expect(rules.filter((name) => name in OTHERS)).toEqual([])
  })

  it('may change in a draft, and no longer once it is published', async () => {
    const raffle = await stageDraft()
    expect((await change(raffle, OTHERS)).body).toMatchObject(OTHERS)
    expect((await as(raffle.operator, 'POST', `/raffles/${raffle.id}/publish`)).status).toBe(200)
    expect((await poolState(raffle.pool))!.terms).toMatchObject(OTHERS)
    await expectRefused(raffle, { entrants: 'anyone' }, { staffMayEnter: false }, { challenge: 'turnstile' })
    expect((await change(raffle, { ...OTHERS, totalTickets: 30 })).body).toMatchObject({
      ...OTHERS,
      totalTickets: 30,
    })
    expect((await poolState(raffle.pool))!.terms).toMatchObject(OTHERS)
  })

  it('stay those that the pool accepted if the worker died before it had stored the publication', async () => {
    const raffle = await stageDraft(OTHERS)
    const { DB, done } = crashing(/^update "raffles".*"terms_version" = /i)
    expectLogged('unexpected error')
    const path = `/raffles/${raffle.id}/publish`
    const died = await as(raffle.operator, 'POST', path, undefined, { bindings: { DB } })
    expect({ status: died.status, done: done() }).toEqual({ status: 500, done: true })
    expect((await poolState(raffle.pool))!.terms).toMatchObject(OTHERS)
    expect((await change(raffle, DEFAULTS)).body).toMatchObject({ code: 'conflict' })
    at(NOW + 5 * MINUTE)
    await sweep()
    expect(await read(raffle.id)).toMatchObject({ status: 'open', ...OTHERS })
  })

  it('are carried by a template and by the raffles that are started from it', async () => {
    const { operator } = await organisationWithOperator()
    const { opensAt, closesAt, drawAt, ...terms } = raffleBody()
    const body = { ...terms, ...OTHERS, name: 'A template', colour: '#1e90ff' }
    const template = (await as(operator, 'POST', '/raffle-templates', body)).body
    expect(template).toMatchObject(OTHERS)
    const start = (changes: object = {}) =>
      as(operator, 'POST', `/raffle-templates/${template.id}/raffles`, {
        opensAt,
        closesAt,
        drawAt,
        ...changes,
      })
    expect((await start()).body).toMatchObject(OTHERS)
    expect((await start({ staffMayEnter: false })).body).toMatchObject({ ...OTHERS, staffMayEnter: false })
    await forgetTerms('raffle_templates', template.id)
    expect((await as(operator, 'GET', `/raffle-templates/${template.id}`)).body).toMatchObject(DEFAULTS)
    expect((await start()).body).toMatchObject(DEFAULTS)
  })

  it('are carried by a series and its raffles', async () => {
    const { terms } = seriesBody()
    const series = await stageSeries({ terms: { ...terms, ...OTHERS } })
    expect(series.body.terms).toMatchObject(OTHERS)
    await sweep()
    expect((await rafflesOf(series.id))[0]).toMatchObject(OTHERS)
  })

  it('of a series from before there were any are those of a new raffle', async () => {
    const series = await stageSeries()
    await forgetTerms('series', series.id)
    expect((await as(series.operator, 'GET', series.path)).body.terms).toMatchObject(DEFAULTS)
    await sweep()
    expect((await rafflesOf(series.id))[0]).toMatchObject(DEFAULTS)
  })
})

/** As an earlier version of the worker stored them. */
const forgetTerms = (table: string, id: string) =>
  env.DB.prepare(
    `UPDATE ${table} SET terms = json_remove(terms, '$.entrants', '$.staffMayEnter', '$.challenge', '$.countries') WHERE id = ?`,
  )
    .bind(id)
    .run()

describe('a raffle that an earlier version published', () => {
  /** Its pool has no such columns, and its rows in D1 say nothing. The migration gives the row its defaults. */
  async function stageOld(): Promise<Staged> {
    const staged = await stageRaffle()
    const stub = env.TICKET_POOL.getByName(staged.pool)
    await runInDurableObject(stub, (_, { storage }) => {
      for (const column of ['entrants', 'staff_may_enter', 'challenge', 'countries']) {
        storage.sql.exec(`ALTER TABLE pool DROP COLUMN ${column}`)
      }
      // What later versions made.
      for (const table of ['waiting', 'seats_to_free', 'seat_types']) storage.sql.exec(`DROP TABLE ${table}`)
      storage.sql.exec('DROP INDEX reservations_moved')
      for (const column of ['moved_from', 'entry', 'buyer', 'buyer_order', 'offer_seq']) {
        storage.sql.exec(`ALTER TABLE reservations DROP COLUMN ${column}`)
      }
      storage.sql.exec('DELETE FROM migrations WHERE version >= 3')
    })
    await evictDurableObject(stub)
    await env.DB.batch([
      env.DB.prepare(
        `UPDATE pools SET terms = json_remove(terms, '$.kind', '$.entrants', '$.staffMayEnter', '$.challenge', '$.countries')
         WHERE pool = ?`,
      ).bind(staged.pool),
      env.DB.prepare(
        `UPDATE raffles SET entrants = 'anyone', staff_may_enter = true, challenge = 'none', countries = NULL WHERE id = ?`,
      ).bind(staged.id),
    ])
    return staged
  }

  it('lets everybody enter, as it did, and says so', async () => {
    const raffle = await stageOld()
    expect(await read(raffle.id)).toMatchObject(OPEN)
    expect((await buy(raffle.operator, raffle.id)).status).toBe(201)
    expect((await poolState(raffle.pool))!.terms).toMatchObject(OPEN)
  })

  it('is repaired by the sweep from terms that say nothing', async () => {
    const raffle = await stageOld()
    await env.DB.prepare(
      `UPDATE raffles SET status = 'draft', terms_version = 0, staff_may_enter = false, due_at = ? WHERE id = ?`,
    )
      .bind(NOW, raffle.id)
      .run()
    at(NOW + 5 * MINUTE)
    await sweep()
    expect(await read(raffle.id)).toMatchObject({ status: 'open', ...OPEN })
  })

  it('keeps these terms, also before its first ticket', async () => {
    const raffle = await stageOld()
    await expectRefused(raffle, { staffMayEnter: false }, { entrants: 'proved' }, { challenge: 'turnstile' })
    expect((await change(raffle, { totalTickets: 30 })).body).toMatchObject({ totalTickets: 30, ...OPEN })
    expect((await poolState(raffle.pool))!.terms).toMatchObject(OPEN)
  })
})
