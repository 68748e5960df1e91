import { env } from 'cloudflare:workers'
import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { newId } from '../../src/core/ids.ts'
import { statusSql } from '../../src/raffles/life-cycle.ts'
import { raffles } from '../../src/raffles/schema.ts'
import { poolNameOf } from '../../src/tickets/reservation-id.ts'
import { pools } from '../../src/tickets/schema.ts'
import { verifyPublished } from '../draws/proof-check.ts'
import { expectLogged } from '../harness/log.ts'
import {
  addOperator,
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
  testContext,
} from '../harness/people.ts'
import {
  INSTANTS,
  OPENS_AT,
  POOLS,
  type PoolName,
  ROWS,
  CLOSES_AT as TABLE_CLOSES_AT,
} from './life-cycle-table.ts'
import { raffleRow } from './raffle-row.ts'
import {
  as,
  at,
  buy,
  CLOSES_AT,
  crashing,
  DRAW_AT,
  drawOnTime,
  enter,
  HOUR,
  interrupted,
  iso,
  LEAD,
  MINUTE,
  NOW,
  newKey,
  poolState,
  raffleBody,
  read,
  readAll,
  ringAlarm,
  SECOND,
  stageDraft,
  stageRaffle,
  sweep,
  useClock,
} from './scenario.ts'

useClock()

describe('the region of a raffle', () => {
  /** Notes where each call of a pool would make its object. */
  function watched() {
    const places: unknown[] = []
    const getByName = (name: string, options?: unknown) => {
      places.push(options)
      return env.TICKET_POOL.getByName(name)
    }
    return { places, TICKET_POOL: { getByName } as unknown as DurableObjectNamespace }
  }

  it.each([
    ['its own', 'afr', 'weur', { locationHint: 'afr' }],
    ['else that of the deployment', undefined, 'weur', { locationHint: 'weur' }],
    ['else none', undefined, undefined, undefined],
  ])('is where the first call makes its pool: %s', async (_, poolLocation, hint, place) => {
    const { id, operator } = await stageDraft({ poolLocation })
    const { places, TICKET_POOL } = watched()
    const bindings = { TICKET_POOL, POOL_LOCATION_HINT: hint } as unknown as Partial<Bindings>
    const { status } = await as(operator, 'POST', `/raffles/${id}/publish`, undefined, { bindings })
    expect([status, places]).toEqual([200, [place]])
  })

  it('can change until publication', async () => {
    const { id, operator } = await stageDraft({ poolLocation: 'afr' })
    const change = (poolLocation: string | null) => as(operator, 'PUT', `/raffles/${id}`, { poolLocation })
    expect((await change('sam')).body.poolLocation).toBe('sam')
    await as(operator, 'POST', `/raffles/${id}/publish`)
    expect((await change('sam')).status).toBe(200)
    const { status, body } = await change(null)
    expect([status, body.code, body.errors[0].path]).toEqual([409, 'invalid_state', 'poolLocation'])
  })
})

describe('creating a raffle', () => {
  it('gives a draft with every default written out', async () => {
    const { id: organisationId, name, operator } = await organisationWithOperator()
    const { status, body, headers } = await as(operator, 'POST', '/raffles', raffleBody())
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/api/v1/raffles/${body.id}`)
    expect(body).toMatchObject({
      status: 'draft',
      organisation: { id: organisationId, name },
      description: '',
      imageUrl: null,
      tags: [],
      location: null,
      sold: 0,
      held: 0,
      available: 20,
      minTickets: 0,
      rakeBps: 0,
      guaranteed: false,
      providers: [],
      entry: 'purchase',
      draw: { method: 'beacon' },
      claimDays: 14,
      onUnclaimed: 'redraw',
      maxRedraws: 3,
      earlyClose: 'operator',
      timeZone: 'UTC',
      prizes: [{ kind: 'item', title: 'A book', quantity: 1, value: null }],
      round: null,
      closeReason: null,
      cancellation: null,
      freezeAt: iso(CLOSES_AT),
      effectiveDrawAt: iso(DRAW_AT),
    })
    expect(body.slug).toMatch(/^signed-first-editions-/)
  })

  it('limits each person to one entry in a free raffle by default, and has no default limit in a priced one', async () => {
    const { operator } = await organisationWithOperator()
    const limit = async (changes: object) =>
      (await as(operator, 'POST', '/raffles', raffleBody({ ...changes }))).body.maxPerUser
    const price = { amount: 100, currency: 'KES' }
    expect(await limit({})).toBe(1)
    expect(await limit({ maxPerUser: null })).toBeNull()
    expect(await limit({ maxPerUser: 3 })).toBe(3)
    expect(await limit({ ticketPrice: price })).toBeNull()
    expect(await limit({ ticketPrice: price, maxPerUser: 3 })).toBe(3)
  })

  it('accepts times with any offset, and returns them in UTC and on the wall clock of the time zone', async () => {
    const { operator } = await organisationWithOperator()
    const { body } = await as(
      operator,
      'POST',
      '/raffles',
      raffleBody({
        timeZone: 'America/New_York',
        opensAt: '2032-03-14T03:00:00+03:00',
        closesAt: '2032-03-14T06:50:00Z',
        drawAt: '2032-03-14T01:00:00-06:00',
      }),
    )
    expect(body).toMatchObject({
      opensAt: '2032-03-14T00:00:00.000Z',
      closesAt: '2032-03-14T06:50:00.000Z',
      drawAt: '2032-03-14T07:00:00.000Z',
      // The clocks of New York go forward that night, at 07:00 UTC.
      local: {
        opensAt: '2032-03-13T19:00:00-05:00',
        closesAt: '2032-03-14T01:50:00-05:00',
        drawAt: '2032-03-14T03:00:00-04:00',
      },
    })
  })

  it('rounds times to whole seconds: nothing happens early, and a raffle that opens now is open', async () => {
    const { operator } = await organisationWithOperator()
    const { body } = await as(
      operator,
      'POST',
      '/raffles',
      raffleBody({
        opensAt: '2031-05-05T12:00:00.999Z',
        closesAt: '2031-05-05T12:59:59.001Z',
        drawAt: '2031-05-05T13:10:00.000Z',
      }),
    )
    expect(body).toMatchObject({
      opensAt: '2031-05-05T12:00:00.000Z',
      closesAt: '2031-05-05T13:00:00.000Z',
      drawAt: '2031-05-05T13:10:00.000Z',
    })
  })

  it('trims and composes text, so that equal-looking texts are equal', async () => {
    const { operator } = await organisationWithOperator()
    const { body } = await as(operator, 'POST', '/raffles', raffleBody({ title: '  Cafe\u0301 🎟️ ' }))
    expect(body.title).toBe('Caf\u00e9 🎟️')
  })

  it.each([
    { title: 'x' },
    { title: 'x'.repeat(120) },
    { ticketPrice: { amount: 1_000_000_000, currency: 'KES' }, totalTickets: 1_000_000 },
    { maxPerUser: 1_000_000 },
    { prizes: Array.from({ length: 100 }, () => ({ title: 'A book', quantity: 1_000 })) },
    { prizes: [{ title: 'A share', quantity: 1, kind: 'share', value: { shareBps: 10_000 } }] },
    { rakeBps: 10_000, claimDays: 365, maxRedraws: 10, minTickets: 1_000_000 },
    { providers: ['sandbox', 'manual'], claimDays: 1, maxRedraws: 0 },
    { description: 'x'.repeat(5_000), tags: Array(10).fill('x'.repeat(30)), location: 'x'.repeat(200) },
    { imageUrl: 'https://example.com/a.jpg', location: null, timeZone: 'Africa/Nairobi' },
    { opensAt: '2000-01-01T00:00:00Z', closesAt: '2099-12-31T23:59:00Z', drawAt: '2100-01-01T00:00:00Z' },
  ])('accepts values just within the bounds (%#)', async (changes) => {
    await stageDraft(changes)
  })

  // A refusal leaves nothing behind, so one operator can try every case.
  let operator: Person | undefined
  it.each([
    ['title', ''],
    ['title', '   '],
    ['title', 'x'.repeat(121)],
    ['title', '\ud800'],
    ['title', '\u200b'],
    ['title', 7],
    ['ticketPrice', { amount: -1, currency: 'KES' }],
    ['ticketPrice', { amount: 1.5, currency: 'KES' }],
    ['ticketPrice', { amount: 1_000_000_001, currency: 'KES' }],
    ['ticketPrice', { amount: 1, currency: 'kes' }],
    ['ticketPrice', { amount: 1 }],
    ['ticketPrice', 100],
    ['totalTickets', 0],
    ['totalTickets', 1_000_001],
    ['totalTickets', '20'],
    ['maxPerUser', 0],
    ['numbering', 'lucky'],
    ['opensAt', '2031-05-05T12:00:00'],
    ['opensAt', 'tomorrow'],
    ['opensAt', 1_935_000_000],
    ['opensAt', '1999-12-31T23:59:59Z'],
    ['closesAt', '2031-02-30T12:00:00Z'],
    ['drawAt', '2100-01-01T00:00:00.001Z'],
    ['drawAt', '9999-12-31T23:59:59-12:00'],
    ['prizes', []],
    ['prizes', Array.from({ length: 101 }, () => ({ title: 'A book', quantity: 1 }))],
    ['prizes', [{ title: 'A book', quantity: 0 }]],
    ['prizes', [{ title: 'A book', quantity: 1_001 }]],
    ['prizes', [{ title: '', quantity: 1 }]],
    ['prizes', [{ title: 'Cash', quantity: 1, kind: 'cash' }]],
    ['prizes', [{ title: 'Cash', quantity: 1, kind: 'cash', value: { shareBps: 1 } }]],
    ['prizes', [{ title: 'A share', quantity: 1, kind: 'share', value: { shareBps: 10_001 } }]],
    ['prizes', [{ title: 'A share', quantity: 1, kind: 'share', value: { shareBps: 0 } }]],
    ['prizes', [{ title: 'A book', quantity: 1, colour: 'red' }]],
    ['winPolicy', 'perPerson'],
    ['minTickets', -1],
    ['rakeBps', 10_001],
    ['guaranteed', 'yes'],
    ['providers', ['cash']],
    ['entry', 'prayer'],
    ['draw', { method: 'dice' }],
    ['claimDays', 0],
    ['claimDays', 366],
    ['onUnclaimed', 'burn'],
    ['maxRedraws', 11],
    ['earlyClose', 'yes'],
    ['description', 'x'.repeat(5_001)],
    ['description', 'The first \u0000'],
    ['imageUrl', 'http://example.com/a.jpg'],
    ['imageUrl', 'javascript:alert(1)'],
    ['imageUrl', 'https://books.example@evil.example/a.jpg'],
    ['tags', Array(11).fill('x')],
    ['tags', ['x'.repeat(31)]],
    ['tags', ['']],
    ['location', 'x'.repeat(201)],
    ['timeZone', 'Mars/Olympus'],
    ['timeZone', '+0300'],
    ['organisationId', 'somebody'],
  ])('names %s when it is out of bounds (%#)', async (field, value) => {
    operator ??= (await organisationWithOperator()).operator
    const { status, body } = await as(operator, 'POST', '/raffles', raffleBody({ [field]: value }))
    expect(status).toBe(422)
    expect(body.code).toBe('validation_failed')
    const fields = body.errors.map((each: { path: string }) => each.path.split('.')[0])
    expect([...new Set(fields)]).toEqual([field])
  })

  it('names every missing and every unknown field', async () => {
    const { operator } = await organisationWithOperator()
    const missing = await as(operator, 'POST', '/raffles', {})
    expect(missing.body.errors.map((each: { path: string }) => each.path).sort()).toEqual(
      Object.keys(raffleBody()).sort(),
    )
    const unknown = await as(operator, 'POST', '/raffles', raffleBody({ status: 'drawn', sold: 3 }))
    expect(unknown.status).toBe(422)
    expect(unknown.body.errors.map((each: { path: string }) => each.path)).toEqual(['status', 'sold'])
  })

  describe('for an organisation', () => {
    it('defaults to the member’s only one; a member of two must name one', async () => {
      const one = await organisationWithOperator()
      const other = await organisationWithOperator()
      expect((await as(one.operator, 'POST', '/raffles', raffleBody())).body.organisation.id).toBe(one.id)
      const { db, now } = testContext()
      const { members } = await import('../../src/accounts/schema.ts')
      await db
        .insert(members)
        .values({ organisationId: other.id, userId: one.operator.id, role: 'operator', createdAt: now })
      const unnamed = await as(one.operator, 'POST', '/raffles', raffleBody())
      expect(unnamed.status).toBe(422)
      expect(unnamed.body.errors[0].path).toBe('organisationId')
      const named = await as(one.operator, 'POST', '/raffles', raffleBody({ organisationId: other.id }))
      expect(named.body.organisation.id).toBe(other.id)
    })

    it('of others answers exactly as for an unknown one', async () => {
      const { operator } = await organisationWithOperator()
      const { id: organisationId } = await organisationWithOperator()
      const theirs = await as(operator, 'POST', '/raffles', raffleBody({ organisationId }))
      const nobodys = await as(
        operator,
        'POST',
        '/raffles',
        raffleBody({ organisationId: newId('organisation') }),
      )
      expect(theirs.status).toBe(404)
      expect(theirs.body.detail).toBe(nobodys.body.detail)
    })

    it('is refused to players and to members without permissions', async () => {
      const organisation = await organisationWithOperator()
      const player = await registerPlayer()
      const stranger = await addOperator(organisation.id, 'janitor')
      expect((await as(player, 'POST', '/raffles', raffleBody())).status).toBe(403)
      expect((await as(stranger, 'POST', '/raffles', raffleBody())).status).toBe(403)
    })

    it('is allowed to an admin who is a member of none', async () => {
      const admin = await signedInAdmin()
      const { id: organisationId } = await organisationWithOperator()
      expect((await as(admin, 'POST', '/raffles', raffleBody())).status).toBe(422)
      expect((await as(admin, 'POST', '/raffles', raffleBody({ organisationId }))).status).toBe(201)
    })
  })
})

describe('a draft', () => {
  it('is visible only to its organisation and to admins', async () => {
    const { id, operator, organisation } = await stageDraft()
    const colleague = await addOperator(organisation.id)
    for (const person of [operator, colleague, await signedInAdmin()]) {
      expect((await as(person, 'GET', `/raffles/${id}`)).body.id).toBe(id)
    }
    const madeUp = newId('raffle')
    const { operator: stranger } = await organisationWithOperator()
    for (const person of [null, await registerPlayer(), stranger]) {
      for (const route of ['', '/availability', '/numbers', '/winners', '/proof', '/proof/list.csv']) {
        const draft = await as(person, 'GET', `/raffles/${id}${route}`)
        const nothing = await as(person, 'GET', `/raffles/${madeUp}${route}`)
        expect(draft.status, route).toBe(404)
        expect({ ...draft.body, requestId: '' }).toEqual({ ...nothing.body, requestId: '' })
      }
    }
  })

  it('sells nothing', async () => {
    const { id } = await stageDraft()
    const { status, body } = await buy(await registerPlayer(), id)
    expect(status).toBe(404)
    expect(body.code).toBe('not_found')
  })

  it('can be changed field by field; fields that are left out keep their values', async () => {
    const { id, operator } = await stageDraft({ tags: ['books'] })
    const { status, body } = await as(operator, 'PUT', `/raffles/${id}`, {
      title: 'Another title',
      ticketPrice: { amount: 100, currency: 'UGX' },
      location: 'Kampala',
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      title: 'Another title',
      ticketPrice: { amount: 100, currency: 'UGX' },
      location: 'Kampala',
      tags: ['books'],
      totalTickets: 20,
      status: 'draft',
    })
    expect((await as(operator, 'PUT', `/raffles/${id}`, {})).status).toBe(200)
  })

  it('cannot move to another organisation, and refuses unknown fields', async () => {
    const { id, operator } = await stageDraft()
    const { status, body } = await as(operator, 'PUT', `/raffles/${id}`, {
      organisationId: newId('organisation'),
      status: 'open',
    })
    expect(status).toBe(422)
    expect(body.errors.map((each: { path: string }) => each.path)).toEqual(['organisationId', 'status'])
  })

  it('takes one of two concurrent changes; the other is a conflict', async () => {
    const { id, operator } = await stageDraft()
    const { DB, done } = interrupted(/^update "raffles"/i, () =>
      as(operator, 'PUT', `/raffles/${id}`, { title: 'The first' }),
    )
    const late = await as(operator, 'PUT', `/raffles/${id}`, { title: 'The second' }, { bindings: { DB } })
    expect(done()).toBe(true)
    expect(late.status).toBe(409)
    expect(late.body.code).toBe('conflict')
    expect((await as(operator, 'GET', `/raffles/${id}`)).body.title).toBe('The first')
  })

  it('refuses a change during its publication', async () => {
    const { id, operator } = await stageDraft()
    const { DB } = interrupted(/^update "raffles"/i, () => as(operator, 'POST', `/raffles/${id}/publish`))
    const late = await as(operator, 'PUT', `/raffles/${id}`, { title: 'Too late' }, { bindings: { DB } })
    expect(late.body.code).toBe('conflict')
    expect((await read(id)).title).toBe('Signed first editions')
  })

  it('can be deleted, once', async () => {
    const { id, operator } = await stageDraft()
    expect((await as(operator, 'DELETE', `/raffles/${id}`)).status).toBe(204)
    expect((await as(operator, 'GET', `/raffles/${id}`)).status).toBe(404)
    expect((await as(operator, 'DELETE', `/raffles/${id}`)).status).toBe(404)
  })
})

describe('publishing', () => {
  it('opens the raffle at its time and shows it to everybody', async () => {
    const { id } = await stageRaffle({ opensAt: iso(NOW + MINUTE) })
    expect(await read(id)).toMatchObject({ status: 'scheduled', sold: 0, available: 20 })
    at(NOW + MINUTE)
    expect((await read(id)).status).toBe('open')
    at(CLOSES_AT)
    expect((await read(id)).status).toBe('closed')
  })

  it('names the earliest fair draw if drawAt is too early, already when the draft is saved', async () => {
    const { id, operator } = await stageDraft()
    const errors = [{ path: 'drawAt', message: `the earliest fair draw is at ${iso(CLOSES_AT + LEAD)}` }]
    const early = { drawAt: iso(CLOSES_AT + LEAD - SECOND) }
    for (const { status, body } of [
      await as(operator, 'POST', '/raffles', raffleBody(early)),
      await as(operator, 'PUT', `/raffles/${id}`, early),
    ]) {
      expect(status).toBe(422)
      expect(body.errors).toEqual(errors)
    }
    await as(operator, 'PUT', `/raffles/${id}`, { drawAt: iso(CLOSES_AT + LEAD) })
    expect((await as(operator, 'POST', `/raffles/${id}/publish`)).status).toBe(200)
  })

  it('leaves payments their span before the freeze', async () => {
    const price = { ticketPrice: { amount: 100, currency: 'KES' }, providers: ['manual'] }
    const { id, operator } = await stageDraft({ ...price, drawAt: iso(CLOSES_AT + HOUR) })
    const early = { drawAt: iso(CLOSES_AT + 604 * SECOND) }
    const { body } = await as(operator, 'PUT', `/raffles/${id}`, early)
    expect(body.errors[0].message).toContain(iso(CLOSES_AT + 605 * SECOND))
    await as(operator, 'PUT', `/raffles/${id}`, { drawAt: iso(CLOSES_AT + 605 * SECOND) })
    const published = await as(operator, 'POST', `/raffles/${id}/publish`)
    expect(published.body.freezeAt).toBe(iso(CLOSES_AT + 600 * SECOND))
  })

  it('refuses a draft that could only be published in the past, but not other changes of an old one', async () => {
    const { id, operator } = await stageDraft()
    at(CLOSES_AT)
    const errors = [{ path: 'closesAt', message: 'must lie in the future' }]
    expect((await as(operator, 'POST', '/raffles', raffleBody())).body.errors).toEqual(errors)
    const opening = { opensAt: iso(NOW + MINUTE) }
    expect((await as(operator, 'PUT', `/raffles/${id}`, opening)).body.errors).toEqual(errors)
    expect((await as(operator, 'PUT', `/raffles/${id}`, { title: 'Later' })).status).toBe(200)
    const later = { closesAt: iso(CLOSES_AT + HOUR), drawAt: iso(DRAW_AT + HOUR) }
    expect((await as(operator, 'PUT', `/raffles/${id}`, later)).status).toBe(200)
  })

  it('reports every error at once, and the draft stays a draft', async () => {
    const { id, operator } = await stageDraft({
      minTickets: 21,
      prizes: [{ title: 'Cash', quantity: 1, kind: 'cash', value: { amount: 1, currency: 'USD' } }],
    })
    at(CLOSES_AT)
    const { body } = await as(operator, 'POST', `/raffles/${id}/publish`)
    expect(body.errors.map((each: { path: string }) => each.path)).toEqual([
      'closesAt',
      'minTickets',
      'prizes.0.value.currency',
      'prizes',
    ])
    expect((await as(operator, 'GET', `/raffles/${id}`)).body.status).toBe('draft')
    expect(await poolState(poolNameOf(id))).toBeNull()
  })

  it('twice is not possible', async () => {
    const { id, operator } = await stageRaffle()
    const { status, body } = await as(operator, 'POST', `/raffles/${id}/publish`)
    expect(status).toBe(409)
    expect(body).toMatchObject({ code: 'invalid_state', detail: 'This raffle is open already.' })
  })

  it('concurrently by two people publishes once', async () => {
    const { id, operator } = await stageDraft()
    const answers = await Promise.all([1, 2, 3].map(() => as(operator, 'POST', `/raffles/${id}/publish`)))
    expect(answers.some(({ status }) => status === 200)).toBe(true)
    for (const { status, body } of answers) expect([200, 409], body.detail).toContain(status)
    expect(await poolState(poolNameOf(id))).toMatchObject({ termsVersion: 1 })
  })

  describe('that crashes after the pool has the terms', () => {
    async function publishAndDie() {
      const staged = await stageDraft({ description: 'Three books' })
      expectLogged('unexpected error')
      const { DB, done } = crashing(/^update "raffles".*"terms_version" = /i)
      const { status } = await as(staged.operator, 'POST', `/raffles/${staged.id}/publish`, undefined, {
        bindings: { DB },
      })
      expect(status).toBe(500)
      expect(done()).toBe(true)
      expect((await as(staged.operator, 'GET', `/raffles/${staged.id}`)).body.status).toBe('draft')
      expect(await poolState(staged.pool)).toMatchObject({ termsVersion: 1 })
      return staged
    }

    it('is finished by the sweep within a minute', async () => {
      const { id } = await publishAndDie()
      at(NOW + MINUTE)
      await sweep()
      expect(await read(id)).toMatchObject({ status: 'open', description: 'Three books' })
    })

    it('is finished by publishing again', async () => {
      const { id, operator } = await publishAndDie()
      expect((await as(operator, 'POST', `/raffles/${id}/publish`)).body.status).toBe('open')
      expect(await poolState(poolNameOf(id))).toMatchObject({ termsVersion: 1 })
    })

    it('does not let the draft be deleted under its pool', async () => {
      const { id, operator } = await publishAndDie()
      expect((await as(operator, 'DELETE', `/raffles/${id}`)).body.code).toBe('invalid_state')
      at(NOW + MINUTE)
      await sweep()
      expect((await read(id)).status).toBe('open')
    })

    it('does not let the rules change in between: players agree to the pool’s terms', async () => {
      const { id, operator } = await publishAndDie()
      const put = (change: object) => as(operator, 'PUT', `/raffles/${id}`, change)
      expect(await put({ title: 'Another title' })).toMatchObject({
        status: 409,
        body: {
          code: 'conflict',
          detail: 'This raffle was being published a moment ago. Read it again in two minutes.',
        },
      })
      expect((await put({ title: 'Signed first editions', description: 'Four books' })).status).toBe(200)
      at(NOW + MINUTE)
      await sweep()
      expect(await read(id)).toMatchObject({ title: 'Signed first editions', description: 'Four books' })
    })
  })

  it('is refused if the draft changes meanwhile; a retry publishes the change', async () => {
    const { id, operator, pool } = await stageDraft()
    const change = { title: 'More books', totalTickets: 30 }
    const { DB, done } = interrupted(/^update "raffles"/i, () =>
      as(operator, 'PUT', `/raffles/${id}`, change),
    )
    const { body } = await as(operator, 'POST', `/raffles/${id}/publish`, undefined, { bindings: { DB } })
    expect(done()).toBe(true)
    expect(body).toMatchObject({
      code: 'conflict',
      detail: 'Someone else changed this raffle. Read it again.',
    })
    expect(await poolState(pool)).toBeNull()
    const again = await as(operator, 'POST', `/raffles/${id}/publish`)
    expect(again.body).toMatchObject({ status: 'open', ...change })
  })

  it('concurrently with a change never loses a confirmed change', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const { id, operator } = await stageDraft()
      const [change, published] = await Promise.all([
        as(operator, 'PUT', `/raffles/${id}`, { title: 'More books' }),
        as(operator, 'POST', `/raffles/${id}/publish`),
      ])
      expect([200, 409]).toContain(change.status)
      expect([200, 409]).toContain(published.status)
      const { title } = (await as(operator, 'GET', `/raffles/${id}`)).body
      expect(title).toBe(change.status === 200 ? 'More books' : 'Signed first editions')
    }
  })

  it('leaves no pool behind if the draft is deleted meanwhile', async () => {
    const { id, operator, pool } = await stageDraft()
    const { DB } = interrupted(/^update "raffles"/i, () => as(operator, 'DELETE', `/raffles/${id}`))
    const { status } = await as(operator, 'POST', `/raffles/${id}/publish`, undefined, { bindings: { DB } })
    expect(status).toBe(404)
    expect(await poolState(pool)).toBeNull()
    expect((await buy(await registerPlayer(), id)).status).toBe(404)
  })

  it('that crashes during a deletion of the draft is not undone either', async () => {
    const { id, operator } = await stageDraft()
    expectLogged('unexpected error')
    const crash = crashing(/^update "raffles".*"terms_version" = /i)
    const { DB } = interrupted(/^delete from "raffles"/i, () =>
      as(operator, 'POST', `/raffles/${id}/publish`, undefined, { bindings: { DB: crash.DB } }),
    )
    const { body } = await as(operator, 'DELETE', `/raffles/${id}`, undefined, { bindings: { DB } })
    expect(crash.done()).toBe(true)
    expect(body.code).toBe('conflict')
    at(NOW + MINUTE)
    await sweep()
    expect((await read(id)).status).toBe('open')
  })

  it('is not undone by a concurrent deletion of the draft', async () => {
    const { id, operator } = await stageDraft()
    const { DB } = interrupted(/^delete from "raffles"/i, () =>
      as(operator, 'POST', `/raffles/${id}/publish`),
    )
    const { status } = await as(operator, 'DELETE', `/raffles/${id}`, undefined, { bindings: { DB } })
    expect(status).toBe(409)
    expect((await read(id)).status).toBe('open')
  })
})

describe('a published raffle', () => {
  it('is cancelled, not deleted', async () => {
    const { id, operator } = await stageRaffle()
    const { status, body } = await as(operator, 'DELETE', `/raffles/${id}`)
    expect(status).toBe(409)
    expect(body.code).toBe('invalid_state')
  })

  it('can change its rules until the first ticket, and sales follow the new rules', async () => {
    const { id, operator, pool } = await stageRaffle()
    const { status, body } = await as(operator, 'PUT', `/raffles/${id}`, {
      title: 'More books',
      totalTickets: 30,
      closesAt: iso(CLOSES_AT + HOUR),
      drawAt: iso(DRAW_AT + HOUR),
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({ title: 'More books', totalTickets: 30, available: 30 })
    expect(body).toMatchObject({ freezeAt: iso(CLOSES_AT + HOUR), effectiveDrawAt: iso(DRAW_AT + HOUR) })
    expect(await poolState(pool)).toMatchObject({ termsVersion: 2, total: 30 })
    at(CLOSES_AT)
    await enter(id, 1)
    await sweep()
    expect((await read(id)).status).toBe('open')
  })

  it('must still be publishable after a change', async () => {
    const { id, operator } = await stageRaffle()
    const { status, body } = await as(operator, 'PUT', `/raffles/${id}`, { drawAt: iso(CLOSES_AT) })
    expect(status).toBe(422)
    expect(body.errors[0].path).toBe('drawAt')
    expect((await read(id)).drawAt).toBe(iso(DRAW_AT))
  })

  it('keeps its rules from the first ticket on, and names the refused fields', async () => {
    const { id, operator } = await stageRaffle()
    await enter(id, 1)
    const { status, body } = await as(operator, 'PUT', `/raffles/${id}`, {
      title: 'Another title',
      prizes: [{ title: 'A pencil', quantity: 1 }],
      totalTickets: 20,
      description: 'Not written either',
    })
    expect(status).toBe(409)
    expect(body.code).toBe('invalid_state')
    expect(body.errors.map((each: { path: string }) => each.path)).toEqual(['title', 'prizes'])
    expect(await read(id)).toMatchObject({ title: 'Signed first editions', description: '' })
  })

  it('keeps its rules even if the first ticket is not projected yet', async () => {
    const { id, operator } = await stageRaffle()
    const { DB } = interrupted(/^update "raffles"/i, () => enter(id, 1))
    const { status, body } = await as(
      operator,
      'PUT',
      `/raffles/${id}`,
      { title: 'Another title' },
      { bindings: { DB } },
    )
    expect(status).toBe(409)
    expect(body.errors).toEqual([{ path: 'title', message: 'can no longer change' }])
  })

  it('keeps its rules after sales, whatever other errors the change has', async () => {
    const { id, operator } = await stageRaffle()
    await enter(id, 1)
    at(CLOSES_AT + MINUTE)
    const { status, body } = await as(operator, 'PUT', `/raffles/${id}`, { maxRedraws: 0 })
    expect(status).toBe(409)
    expect(body.code).toBe('invalid_state')
  })

  it('keeps its rules once it is cancelled or closed, even if nobody ever entered', async () => {
    const cancelled = await stageRaffle()
    await as(cancelled.operator, 'POST', `/raffles/${cancelled.id}/cancel`, { reason: 'rain' })
    const closed = await stageRaffle()
    await as(closed.operator, 'POST', `/raffles/${closed.id}/close`, {})
    for (const { id, operator } of [cancelled, closed]) {
      const { body } = await as(operator, 'PUT', `/raffles/${id}`, { title: 'Another title' })
      expect(body.code).toBe('invalid_state')
    }
  })

  it('cannot be reopened after closesAt, even if nobody ever entered', async () => {
    const { id, operator } = await stageRaffle()
    at(CLOSES_AT)
    const later = { closesAt: iso(CLOSES_AT + MINUTE), drawAt: iso(CLOSES_AT + HOUR) }
    const { status, body } = await as(operator, 'PUT', `/raffles/${id}`, later)
    expect(status).toBe(409)
    expect(body).toMatchObject({
      code: 'invalid_state',
      detail: 'Sales are over. These fields can no longer change: closesAt, drawAt.',
    })
    expect(await read(id)).toMatchObject({ status: 'closed', closesAt: iso(CLOSES_AT) })
  })

  it('keeps its rules once it is closed, even if that is not projected yet, so that its proof is valid', async () => {
    const { id, operator, pool } = await stageRaffle()
    const { DB, done } = interrupted(/^update "raffles"/i, () =>
      as(operator, 'POST', `/raffles/${id}/close`, {}),
    )
    const { body } = await as(operator, 'PUT', `/raffles/${id}`, { earlyClose: 'no' }, { bindings: { DB } })
    expect(done()).toBe(true)
    expect(body).toMatchObject({
      code: 'invalid_state',
      detail: 'Sales are over. These fields can no longer change: earlyClose.',
    })
    await ringAlarm(pool)
    expect((await verifyPublished(id)).wrong).toEqual([])
  })

  it('can change its description at any time, even if the request repeats the rules', async () => {
    const { id, operator } = await stageRaffle({ prizes: [{ title: 'A book', quantity: 2 }] })
    await enter(id, 1)
    const description = {
      description: 'Three books, signed.',
      imageUrl: 'https://example.com/books.jpg',
      tags: ['books'],
      location: 'Nairobi',
      timeZone: 'Africa/Nairobi',
    }
    const { prizes } = await read(id)
    const whole = raffleBody({ prizes, maxPerUser: 1, claimDays: 14, draw: { method: 'beacon' } })
    const { status, body } = await as(operator, 'PUT', `/raffles/${id}`, { ...whole, ...description })
    expect(status, body.detail).toBe(200)
    expect(body).toMatchObject(description)
    expect(body.local.drawAt).toBe('2031-05-05T16:10:00+03:00')
  })

  it('takes one of two concurrent changes of its rules; the other is a conflict', async () => {
    const { id, operator, pool } = await stageRaffle()
    const { DB } = interrupted(/^update "raffles"/i, () =>
      as(operator, 'PUT', `/raffles/${id}`, { title: 'The first' }),
    )
    const late = await as(operator, 'PUT', `/raffles/${id}`, { title: 'The second' }, { bindings: { DB } })
    expect(late.body.code).toBe('conflict')
    expect((await read(id)).title).toBe('The first')
    expect(await poolState(pool)).toMatchObject({ termsVersion: 2 })
  })

  it('follows by the sweep if a change crashes after the pool has it', async () => {
    const { id, operator } = await stageRaffle()
    expectLogged('unexpected error')
    const { DB } = crashing(/^update "raffles".*"terms_version" = /i)
    const crashed = await as(operator, 'PUT', `/raffles/${id}`, { title: 'More books' }, { bindings: { DB } })
    expect(crashed.status).toBe(500)
    at(NOW + MINUTE)
    await sweep()
    expect((await read(id)).title).toBe('More books')
  })
})

describe('sales', () => {
  it('begin and end at exact instants', async () => {
    const opensAt = NOW + MINUTE
    const { id } = await stageRaffle({ opensAt: iso(opensAt), maxPerUser: 10 })
    const player = await registerPlayer()
    const codeAt = async (ms: number) => {
      at(ms)
      const { status, body } = await buy(player, id)
      return status === 201 ? 'sold' : body.code
    }
    expect(await codeAt(opensAt - 1)).toBe('sales_not_open')
    expect(await codeAt(opensAt)).toBe('sold')
    expect(await codeAt(CLOSES_AT - 1)).toBe('sold')
    expect(await codeAt(CLOSES_AT)).toBe('sales_closed')
    expect(await codeAt(CLOSES_AT + 1)).toBe('sales_closed')
  })

  it('of a priced raffle need a payment, those of a free one none', async () => {
    const price = { ticketPrice: { amount: 100, currency: 'KES' }, providers: ['manual'] }
    const priced = await stageRaffle({ ...price, drawAt: iso(CLOSES_AT + HOUR) })
    const free = await stageRaffle()
    const player = await registerPlayer()
    const purchase = (raffleId: string, payment?: object) =>
      as(
        player,
        'POST',
        '/tickets/purchase',
        { raffleId, quantity: 1, payment },
        { headers: { 'idempotency-key': newKey() } },
      )
    const unpaid = await purchase(priced.id)
    expect([unpaid.status, unpaid.body.errors[0].path]).toEqual([422, 'payment'])
    for (const [answer, detail] of [
      [await purchase(free.id, { provider: 'manual' }), 'are free'],
      [await purchase(priced.id, { provider: 'sandbox' }), 'takes payments by manual only'],
    ] as const) {
      expect(answer.status).toBe(409)
      expect(answer.body.code).toBe('invalid_state')
      expect(answer.body.detail).toContain(detail)
    }
    expect((await read(priced.id)).held).toBe(0)
  })

  it('of a free raffle give each person one ticket', async () => {
    const { id } = await stageRaffle()
    const [player] = await enter(id, 1)
    const { status, body } = await buy(player!, id)
    expect(status).toBe(409)
    expect(body.code).toBe('limit_reached')
  })

  it('of a free raffle give each person up to maxPerUser tickets, in one purchase or several', async () => {
    const { id } = await stageRaffle({ maxPerUser: 5 })
    const player = await registerPlayer()
    expect((await buy(player, id, { quantity: 6 })).body.code).toBe('limit_reached')
    expect((await buy(player, id, { quantity: 3 })).status).toBe(201)
    expect((await buy(player, id, { quantity: 3 })).body.code).toBe('limit_reached')
    expect((await buy(player, id, { quantity: 2 })).status).toBe(201)
    expect((await buy(player, id)).body.code).toBe('limit_reached')
  })

  it('report when too few tickets are left, and when they are sold out', async () => {
    const { id } = await stageRaffle({ totalTickets: 5, maxPerUser: null, earlyClose: 'no' })
    const player = await registerPlayer()
    expect((await buy(player, id, { quantity: 6 })).body).toMatchObject({
      code: 'sold_out',
      detail: 'Only 5 left.',
    })
    expect((await buy(player, id, { quantity: 5 })).status).toBe(201)
    expect((await buy(player, id)).body.code).toBe('sold_out')
    expect(await read(id)).toMatchObject({ status: 'open', sold: 5, available: 0 })
  })

  it('give the same tickets for the same key, and refuse the key for another purchase', async () => {
    const { id } = await stageRaffle({ maxPerUser: null })
    const player = await registerPlayer()
    const first = await buy(player, id, { quantity: 2 }, 'the-key')
    const again = await buy(player, id, { quantity: 2 }, 'the-key')
    expect(again.body).toEqual(first.body)
    expect((await buy(player, id, { quantity: 3 }, 'the-key')).body.code).toBe('idempotency_mismatch')
    at(CLOSES_AT)
    expect((await buy(player, id, { quantity: 2 }, 'the-key')).body).toEqual(first.body)
    expect((await read(id)).sold).toBe(2)
  })

  it('are counted in the availability, which anybody may read', async () => {
    const { id } = await stageRaffle()
    const availability = async () => (await as(null, 'GET', `/raffles/${id}/availability`)).body
    expect(await availability()).toEqual({ total: 20, sold: 0, held: 0, available: 20 })
    await enter(id, 3)
    expect(await availability()).toEqual({ total: 20, sold: 3, held: 0, available: 17 })
  })

  it('by chosen number list the free numbers, page by page', async () => {
    const { id } = await stageRaffle({ numbering: 'chosen', maxPerUser: null })
    const player = await registerPlayer()
    expect((await buy(player, id, { numbers: [1, 7, 20] })).status).toBe(201)
    const free = Array.from({ length: 20 }, (_, i) => i + 1)
      .filter((n) => ![1, 7, 20].includes(n))
      .map((number) => ({ number, label: String(number) }))
    expect(await readAll(`/raffles/${id}/numbers`, 5)).toEqual(free)
    expect(await readAll(`/raffles/${id}/numbers`, 17)).toEqual(free)
    expect(await readAll(`/raffles/${id}/numbers`, 1_000)).toEqual(free)
    const numbersAfter = (number: number) => {
      const cursor = btoa(`[${number}]`).replaceAll('=', '')
      return as(null, 'GET', `/raffles/${id}/numbers?cursor=${cursor}`)
    }
    expect((await numbersAfter(1_000_000)).body.data).toEqual([])
    for (const number of [-1, 1_000_001, Number.MAX_SAFE_INTEGER]) {
      expect((await numbersAfter(number)).status, String(number)).toBe(400)
    }
    expect((await as(null, 'GET', `/raffles/${id}/numbers?limit=1001`)).status).toBe(422)
    const taken = await buy(player, id, { numbers: [2, 7, 20] })
    expect(taken.body).toMatchObject({ code: 'number_taken', numbers: [7, 20] })
  })

  it('list no free numbers if players cannot choose', async () => {
    const { id } = await stageRaffle()
    const { status, body } = await as(null, 'GET', `/raffles/${id}/numbers`)
    expect(status).toBe(409)
    expect(body.code).toBe('invalid_state')
  })
})

describe('closing early', () => {
  it('ends sales now and draws at the earliest fair time; the promised times stay', async () => {
    const { id, operator } = await stageRaffle()
    const [player] = await enter(id, 1)
    at(NOW + 10 * MINUTE + 1)
    const { status, body } = await as(operator, 'POST', `/raffles/${id}/close`, {
      reason: 'All guests are here',
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      status: 'closed',
      closeReason: 'operator',
      closeNote: 'All guests are here',
      closesAt: iso(CLOSES_AT),
      drawAt: iso(DRAW_AT),
      freezeAt: iso(NOW + 10 * MINUTE + 1),
      // Rounded up to whole seconds, so that the lead is never cut short, plus one second for the freeze.
      effectiveDrawAt: iso(NOW + 10 * MINUTE + 2 * SECOND + LEAD),
    })
    expect((await buy(player!, id)).body.code).toBe('sales_closed')
  })

  it('is idempotent, and the first reason stays', async () => {
    const { id, operator } = await stageRaffle()
    const first = await as(operator, 'POST', `/raffles/${id}/close`, { reason: 'The first' })
    at(NOW + MINUTE)
    const second = await as(operator, 'POST', `/raffles/${id}/close`, { reason: 'The second' })
    expect(second.status).toBe(200)
    expect(second.body).toMatchObject({ closeNote: 'The first', effectiveDrawAt: first.body.effectiveDrawAt })
  })

  it('that crashes before it stores its reason can be repeated with it', async () => {
    const { id, operator } = await stageRaffle()
    expectLogged('unexpected error')
    const { DB, done } = crashing(/^update "raffles" set "close_note"/i)
    const close = (more = {}) =>
      as(operator, 'POST', `/raffles/${id}/close`, { reason: 'All guests are here' }, more)
    expect((await close({ bindings: { DB } })).status).toBe(500)
    expect(done()).toBe(true)
    expect((await close()).body).toMatchObject({ status: 'closed', closeNote: 'All guests are here' })
  })

  it('takes no reason afterwards', async () => {
    const price = { ticketPrice: { amount: 100, currency: 'KES' }, providers: ['manual'] }
    const { id, operator } = await stageRaffle({ ...price, drawAt: iso(CLOSES_AT + HOUR) })
    await as(operator, 'POST', `/raffles/${id}/close`, {})
    at(NOW + MINUTE)
    const { status, body } = await as(operator, 'POST', `/raffles/${id}/close`, { reason: 'I felt like it' })
    expect(status).toBe(200)
    expect(body.closeNote).toBeNull()
  })

  it('is refused and stores no reason if the raffle is sold out, committed or drawn', async () => {
    const refused = async ({ id, operator }: { id: string; operator: { id: string } }) => {
      const { body } = await as(operator, 'POST', `/raffles/${id}/close`, { reason: 'I felt like it' })
      expect(body.code).toBe('invalid_state')
      expect((await read(id)).closeNote).toBeNull()
    }
    const soldOut = await stageRaffle({ totalTickets: 1, earlyClose: 'soldOut' })
    await enter(soldOut.id, 1)
    expect((await read(soldOut.id)).status).toBe('closed')
    await refused(soldOut)
    const closed = await stageRaffle()
    await enter(closed.id, 1)
    await as(closed.operator, 'POST', `/raffles/${closed.id}/close`, {})
    await ringAlarm(closed.pool)
    expect((await read(closed.id)).status).toBe('committed')
    await refused(closed)
    at(DRAW_AT)
    await sweep()
    expect((await read(closed.id)).status).toBe('drawn')
    await refused(closed)
  })

  it('needs no reason, and no body', async () => {
    const { id, operator } = await stageRaffle()
    const { status, body } = await as(operator, 'POST', `/raffles/${id}/close`)
    expect(status).toBe(200)
    expect(body.closeNote).toBeNull()
  })

  it.each(['no', 'soldOut'])('is not possible if the rules say %s', async (earlyClose) => {
    const { id, operator } = await stageRaffle({ earlyClose })
    const { status, body } = await as(operator, 'POST', `/raffles/${id}/close`, {})
    expect(status).toBe(409)
    expect(body.code).toBe('invalid_state')
    expect((await read(id)).status).toBe('open')
  })

  it('is not possible for a draft, before sales open, after they closed, or once cancelled', async () => {
    const codeOf = async ({ id, operator }: { id: string; operator: { id: string } }) =>
      (await as(operator, 'POST', `/raffles/${id}/close`, {})).body.code
    expect(await codeOf(await stageDraft())).toBe('invalid_state')
    expect(await codeOf(await stageRaffle({ opensAt: iso(NOW + SECOND) }))).toBe('invalid_state')
    const cancelled = await stageRaffle()
    await as(cancelled.operator, 'POST', `/raffles/${cancelled.id}/cancel`, { reason: 'rain' })
    expect(await codeOf(cancelled)).toBe('invalid_state')
    const over = await stageRaffle()
    at(CLOSES_AT)
    expect(await codeOf(over)).toBe('invalid_state')
    expect((await read(over.id)).effectiveDrawAt).toBe(iso(DRAW_AT))
  })

  it('in the last millisecond does not move the draw beyond the promised one', async () => {
    const { id, operator } = await stageRaffle({ drawAt: iso(CLOSES_AT + LEAD) })
    at(CLOSES_AT - 1)
    const { body } = await as(operator, 'POST', `/raffles/${id}/close`, {})
    expect(body.effectiveDrawAt).toBe(iso(CLOSES_AT + LEAD))
  })
})

describe('cancelling', () => {
  const cancel = (person: { id: string }, id: string, reason = 'The books were lost') =>
    as(person, 'POST', `/raffles/${id}/cancel`, { reason })

  it('is allowed to the operator before the commitment; the reason is published and sales end', async () => {
    const { id, operator } = await stageRaffle()
    await enter(id, 2)
    at(NOW + MINUTE)
    const { status, body } = await cancel(operator, id)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      status: 'cancelled',
      cancellation: { at: iso(NOW + MINUTE), reason: 'The books were lost' },
    })
    expect((await buy(await registerPlayer(), id)).body.code).toBe('sales_closed')
    const proof = await as(null, 'GET', `/raffles/${id}/proof`)
    expect(proof.status).toBe(404)
    expect(proof.body.detail).toBe('No such proof: this raffle was cancelled before it was committed.')
  })

  it('is final: no alarm and no sweep draws the raffle', async () => {
    const staged = await stageRaffle()
    await enter(staged.id, 2)
    await cancel(staged.operator, staged.id)
    await drawOnTime(staged)
    expect((await read(staged.id)).status).toBe('cancelled')
    expect((await as(null, 'GET', `/raffles/${staged.id}/winners`)).body.data).toEqual([])
  })

  it('is idempotent, and the first reason stays', async () => {
    const { id, operator } = await stageRaffle()
    await cancel(operator, id, 'The first')
    const again = await cancel(operator, id, 'The second')
    expect(again.status).toBe(200)
    expect(again.body.cancellation.reason).toBe('The first')
  })

  it('needs a valid reason', async () => {
    const { id, operator } = await stageRaffle()
    for (const body of [
      {},
      { reason: '' },
      { reason: '  ab  ' },
      { reason: 'x'.repeat(501) },
      { reason: '\ud800abc' },
    ]) {
      expect((await as(operator, 'POST', `/raffles/${id}/cancel`, body)).status).toBe(422)
    }
    expect((await read(id)).status).toBe('open')
  })

  it('is not possible for drafts', async () => {
    const { id, operator } = await stageDraft()
    expect((await cancel(operator, id)).body.code).toBe('invalid_state')
  })

  it('is refused to the operator after the commitment', async () => {
    const { id, operator, pool } = await stageRaffle()
    at(CLOSES_AT)
    await ringAlarm(pool)
    const { status, body } = await cancel(operator, id)
    expect(status).toBe(409)
    expect(body.code).toBe('invalid_state')
    expect((await read(id)).status).toBe('committed')
  })

  it('is allowed to an admin after the commitment, until the lead before the round, to the millisecond', async () => {
    const admin = await signedInAdmin()
    const late = await stageRaffle()
    const inTime = await stageRaffle()
    at(CLOSES_AT)
    await ringAlarm(late.pool)
    await ringAlarm(inTime.pool)
    at(DRAW_AT - LEAD + 1)
    expect((await cancel(admin, late.id)).body.code).toBe('invalid_state')
    expect((await read(late.id)).status).toBe('committed')
    at(DRAW_AT - LEAD)
    expect((await cancel(admin, inTime.id)).body).toMatchObject({
      status: 'cancelled',
      cancellation: { at: iso(DRAW_AT - LEAD), reason: 'The books were lost' },
    })
  })

  it('is refused to everybody after the draw', async () => {
    const staged = await stageRaffle()
    await enter(staged.id, 1)
    await drawOnTime(staged)
    for (const person of [staged.operator, await signedInAdmin()]) {
      expect((await cancel(person, staged.id)).body.code).toBe('invalid_state')
    }
    expect((await read(staged.id)).status).toBe('drawn')
  })

  it('that crashes after the pool call is shown at once and finished by the sweep', async () => {
    const { id, operator } = await stageRaffle()
    expectLogged('unexpected error')
    const { DB } = crashing(/^update "raffles" set "status"/i)
    const crashed = await as(
      operator,
      'POST',
      `/raffles/${id}/cancel`,
      { reason: 'rain' },
      { bindings: { DB } },
    )
    expect(crashed.status).toBe(500)
    expect((await read(id)).status).toBe('cancelled')
    at(NOW + MINUTE)
    await sweep()
    const { db } = testContext()
    const row = await db.select().from(raffles).where(sql`id = ${id}`).get()
    expect(row).toMatchObject({ status: 'cancelled', dueAt: null })
  })
})

describe('the list of raffles', () => {
  const ids = (items: { id: string }[]) => items.map(({ id }) => id)
  const SORTS = { drawAt: 'drawAt', '-drawAt': 'drawAt', '-createdAt': 'createdAt' } as const

  it.each(Object.keys(SORTS) as (keyof typeof SORTS)[])(
    'sorted by %s has each raffle once, to the end',
    async (sort) => {
      const organisation = await organisationWithOperator()
      const staged = []
      // Some share their instants, so that the order within an instant counts too.
      for (const [i, draw] of [3, 1, 2, 1, 3].entries()) {
        if (i > 2) at(NOW + SECOND)
        staged.push(await stageRaffle({ drawAt: iso(DRAW_AT + draw * MINUTE) }, organisation))
      }
      const all = await readAll(`/raffles?organisationId=${organisation.id}&sort=${sort}`, 2)
      expect(ids(all).sort()).toEqual(ids(staged).sort())
      const keys = all.map((each) => each[SORTS[sort]])
      const ascending = [...keys].sort()
      expect(keys).toEqual(sort.startsWith('-') ? ascending.reverse() : ascending)
    },
  )

  it('shows an organisation’s drafts to its members only', async () => {
    const organisation = await organisationWithOperator()
    const draft = await stageDraft({}, organisation)
    const open = await stageRaffle({}, organisation)
    const { operator: stranger } = await organisationWithOperator()
    const path = `/raffles?organisationId=${organisation.id}`
    expect(ids(await readAll(path, 100, organisation.operator)).sort()).toEqual(ids([draft, open]).sort())
    expect(ids(await readAll(path, 100))).toEqual([open.id])
    expect(ids(await readAll(path, 100, stranger))).toEqual([open.id])
    expect(ids(await readAll(`${path}&status=draft`, 100, organisation.operator))).toEqual([draft.id])
    expect(await readAll(`${path}&status=draft`, 100, stranger)).toEqual([])
    expect(ids(await readAll('/raffles', 100, organisation.operator))).not.toContain(draft.id)
  })

  it('can be filtered by present status', async () => {
    const organisation = await organisationWithOperator()
    const later = await stageRaffle({ opensAt: iso(NOW + MINUTE) }, organisation)
    const open = await stageRaffle({}, organisation)
    const cancelled = await stageRaffle({}, organisation)
    await as(organisation.operator, 'POST', `/raffles/${cancelled.id}/cancel`, { reason: 'rain' })
    const list = async (status: string) =>
      ids(await readAll(`/raffles?organisationId=${organisation.id}&status=${status}`, 100))
    expect(await list('scheduled')).toEqual([later.id])
    expect(await list('open')).toEqual([open.id])
    expect(await list('cancelled')).toEqual([cancelled.id])
    at(CLOSES_AT)
    expect(await list('open')).toEqual([])
    expect((await list('closed')).sort()).toEqual(ids([later, open]).sort())
    await ringAlarm(open.pool)
    expect(await list('committed')).toEqual([open.id])
    at(DRAW_AT)
    await sweep()
    expect(await list('settled')).toEqual([open.id])
    // Its alarm never fired: the sweep committed it late, which moves its round.
    expect(await list('committed')).toEqual([later.id])
  })

  it('can be filtered by category, which a raffle may change within its organisation at any time', async () => {
    const organisation = await organisationWithOperator()
    const { operator } = organisation
    const stageCategory = async (owner: Person, name: string): Promise<string> =>
      (await as(owner, 'POST', '/categories', { name })).body.id
    const books = await stageCategory(operator, 'Books')
    const sound = await stageCategory(operator, 'Sound')
    const { id: draft } = await stageDraft({ categoryId: books }, organisation)
    const { id: first } = await stageRaffle({ categoryId: books }, organisation)
    const { id: second } = await stageRaffle({ categoryId: books }, organisation)
    const { id: third } = await stageRaffle({}, organisation)
    const idsIn = async (query: string, person: Person | null = null) =>
      (await readAll(`/raffles?${query}&sort=-createdAt`, 1, person)).map(({ id }: { id: string }) => id)
    expect((await idsIn(`categoryId=${books}`)).sort()).toEqual([first, second].sort())
    const own = await idsIn(`categoryId=${books}&organisationId=${organisation.id}`, operator)
    expect(own.sort()).toEqual([draft, first, second].sort())
    expect((await read(third)).categoryId).toBeNull()
    await buy(await registerPlayer(), first)
    const moved = await as(operator, 'PUT', `/raffles/${first}`, { categoryId: sound })
    expect(moved.body.categoryId).toBe(sound)
    expect([await idsIn(`categoryId=${books}`), await idsIn(`categoryId=${sound}`)]).toEqual([
      [second],
      [first],
    ])
    expect((await as(operator, 'PUT', `/raffles/${first}`, { categoryId: null })).body.categoryId).toBeNull()
    const foreign = await stageCategory((await organisationWithOperator()).operator, 'Books')
    for (const categoryId of [foreign, newId('category')]) {
      const created = await as(operator, 'POST', '/raffles', raffleBody({ categoryId }))
      const changed = await as(operator, 'PUT', `/raffles/${second}`, { categoryId })
      expect([created.body.detail, changed.body.detail]).toEqual(['No such category.', 'No such category.'])
    }
  })

  it('can be filtered by the currency of the ticket price', async () => {
    const organisation = await organisationWithOperator()
    const shillings = await stageRaffle({}, organisation)
    const yen = await stageRaffle({ ticketPrice: { amount: 0, currency: 'JPY' } }, organisation)
    const inCurrency = async (currency: string) =>
      ids(await readAll(`/raffles?organisationId=${organisation.id}&currency=${currency}`, 1))
    expect([await inCurrency('KES'), await inCurrency('JPY'), await inCurrency('EUR')]).toEqual([
      [shillings.id],
      [yen.id],
      [],
    ])
  })

  it('can be searched by text in the title, without wildcards', async () => {
    const organisation = await organisationWithOperator()
    const rare = await stageRaffle({ title: '100% Rare_Books' }, organisation)
    await stageRaffle({ title: '1000 rare books' }, organisation)
    const search = async (q: string) =>
      ids(await readAll(`/raffles?organisationId=${organisation.id}&q=${encodeURIComponent(q)}`, 100))
    expect(await search('rare_b')).toEqual([rare.id])
    expect(await search('100%')).toEqual([rare.id])
    expect(await search('RARE')).toHaveLength(2)
    expect(await search('books rare')).toHaveLength(2)
    const spanish = await stageRaffle({ title: 'El NIÑO y el Ñandú Ávido' }, organisation)
    for (const word of ['niño', 'NIÑO', 'Niño', 'nin\u0303o', 'ñandú', 'ávido', 'ÁVIDO ñandú']) {
      expect(await search(word), word).toEqual([spanish.id])
    }
    expect(await search("'; DROP TABLE raffles; --")).toEqual([])
  })

  it('are found by what is written in the title, in any case, accents and punctuation', async () => {
    const organisation = await organisationWithOperator()
    const { operator } = organisation
    const search = async (q: string) =>
      ids(
        await readAll(`/raffles?organisationId=${organisation.id}&q=${encodeURIComponent(q)}`, 100, operator),
      )
    const city = await stageDraft({ title: 'Müller-Özdemir: Нью-Йорк – İstanbul' }, organisation)
    const street = await stageDraft({ title: 'L’Été «Ёлка» Éclipse, Straße' }, organisation)
    for (const [raffle, words] of [
      [city, ['Müller-Özdemir', 'muller ozdemir', 'Нью-Йорк', 'НЬЮ ЙОРК', 'istanbul', 'İSTANBUL']],
      [street, ['L’Été', "l'ete", 'été', '«Ёлка»', 'елка', 'eclipse', 'strasse', 'STRASSE straße']],
    ] as const) {
      for (const q of words) expect(await search(q), q).toEqual([raffle.id])
    }
    await as(operator, 'PUT', `/raffles/${city.id}`, { title: 'Łódź' })
    expect([await search('Нью-Йорк'), await search('lodz')]).toEqual([[], [city.id]])
  })

  it('are folded by the sweep if another version of the worker wrote their title', async () => {
    const organisation = await organisationWithOperator()
    const { operator } = organisation
    const { id } = await stageDraft({ title: 'Éclipse' }, organisation)
    const search = async (q: string) =>
      ids(
        await readAll(`/raffles?organisationId=${organisation.id}&q=${encodeURIComponent(q)}`, 100, operator),
      )
    await env.DB.prepare(`UPDATE raffles SET title = 'Moon Ärger' WHERE id = ?`).bind(id).run()
    expect([await search('eclipse'), await search('MOON'), await search('arger')]).toEqual([[], [id], []])
    await sweep()
    expect([await search('eclipse'), await search('moon'), await search('arger')]).toEqual([[], [id], [id]])
  })

  it('can be read by its slug, under the rules of its id', async () => {
    const { id, organisation } = await stageDraft({ title: 'Éclipse' })
    const read = (person: Person | null, name: string) => as(person, 'GET', `/raffles/${name}`)
    const { body } = await read(organisation.operator, id)
    expect(body.slug).toMatch(/^eclipse-[0-9a-z]{10}$/)
    expect((await read(organisation.operator, body.slug)).body).toEqual(body)
    expect((await read(null, body.slug)).status).toBe(404)
    for (const nobodys of [`${body.slug}x`, 'Eclipse', 'a--b', 'x'.repeat(81)]) {
      expect((await read(organisation.operator, nobodys)).status, nobodys).toBe(404)
    }
    const shown = await stageRaffle({ title: 'Moon' })
    const { slug } = (await read(null, shown.id)).body
    expect((await read(null, slug)).body.id).toBe(shown.id)
  })

  it.each([
    ['limit=0', 422],
    ['limit=101', 422],
    ['limit=x', 422],
    ['status=lost', 422],
    ['sort=title', 422],
    ['currency=yen', 422],
    ['organisationId=nobody', 422],
    ['cursor=nonsense', 400],
    [`cursor=${btoa('["a","b"]')}`, 400],
  ])('refuses ?%s', async (query, status) => {
    expect((await as(null, 'GET', `/raffles?${query}`)).status).toBe(status)
  })
})

describe('the status in SQL', () => {
  it('matches the table for every stored status, pool and instant', async () => {
    const { db } = testContext()
    const { id: organisationId } = await organisationWithOperator()
    const staged = new Map<string, string>()
    for (const { stored, pool } of ROWS) {
      const name = `${stored} ${pool}`
      if (staged.has(name)) continue
      const id = newId('raffle')
      staged.set(name, id)
      const ids = { id, pool: poolNameOf(id), slug: id, organisationId }
      const times = { opensAt: OPENS_AT, closesAt: TABLE_CLOSES_AT }
      await db.insert(raffles).values(raffleRow({ ...ids, ...times, status: stored }))
      await insertPool(id, pool)
    }
    const wrong: string[] = []
    for (const [instant, now] of Object.entries(INSTANTS)) {
      const rows = await db
        .select({ id: raffles.id, shown: statusSql(now) })
        .from(raffles)
        .leftJoin(pools, sql`${pools.pool} = ${raffles.pool}`)
      const shown = new Map(rows.map((row) => [row.id, row.shown]))
      for (const row of ROWS.filter((each) => each.instant === instant)) {
        const given = shown.get(staged.get(`${row.stored} ${row.pool}`)!)
        if (given !== row.shown)
          wrong.push(`${row.stored}, ${row.pool}, ${instant}: ${given}, not ${row.shown}`)
      }
    }
    await env.DB.prepare('DELETE FROM raffles WHERE organisation_id = ?').bind(organisationId).run()
    expect(wrong).toEqual([])
  })

  async function insertPool(raffleId: string, name: PoolName): Promise<void> {
    const facts = POOLS[name]
    if (facts === null) return
    await env.DB.prepare(
      `INSERT INTO pools (pool, raffle_id, seq, terms_version, terms, total, sold, held, closed_at, freeze_at,
                          effective_draw_at, log_size, log_root, commitment, cancellation)
       VALUES (?, ?, 1, 1, '{}', 1, 0, 0, ?, 0, 0, 0, '', ?, ?)`,
    )
      .bind(
        poolNameOf(raffleId),
        raffleId,
        facts.closedAt,
        facts.committed ? '{}' : null,
        facts.cancelled ? '{}' : null,
      )
      .run()
  }
})
