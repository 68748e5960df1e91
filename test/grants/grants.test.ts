// Earned entries: an order earns once, despite repeats and crashes, and a refund revokes its entries in time.

import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { app } from '../../src/app.ts'
import type { Bindings } from '../../src/core/context.ts'
import { newId } from '../../src/core/ids.ts'
import { takeOverGrants } from '../../src/grants/take-over-grants.ts'
import { poolNameOf } from '../../src/tickets/reservation-id.ts'
import { orderOf, PRICE, paid, press, reserve, stagePriced, withKey } from '../checkout/checkout.ts'
import { protectedRoutes } from '../harness/auth-battery.ts'
import { type Answer, call, type Method, operations } from '../harness/client.ts'
import { crashableProcess, everyDeath } from '../harness/crash.ts'
import { environment } from '../harness/environment.ts'
import { expectLogged, logged } from '../harness/log.ts'
import {
  addOperator,
  type Organisation,
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
  testContext,
  uniqueEmail,
} from '../harness/people.ts'
import {
  as,
  at,
  buy,
  CLOSES_AT,
  crashing,
  DRAW_AT,
  HOUR,
  interrupted,
  iso,
  MINUTE,
  NOW,
  newKey,
  poolState,
  ringAlarm,
  type Staged,
  stageDraft,
  stageRaffle,
  sweep,
  useClock,
} from '../raffles/scenario.ts'

const RAFFLE = newId('raffle')
const GRANT = { orderRef: 'shop-1', userId: newId('user'), amount: { amount: 100, currency: 'KES' } }
const ROUTES = [
  { method: 'GET', path: `/api/v1/raffles/${RAFFLE}/grants` },
  { method: 'POST', path: `/api/v1/raffles/${RAFFLE}/grants`, body: GRANT, headers: withKey('a').headers },
  { method: 'GET', path: `/api/v1/raffles/${RAFFLE}/grants/shop-1` },
  { method: 'DELETE', path: `/api/v1/raffles/${RAFFLE}/grants/shop-1` },
] as const
protectedRoutes(ROUTES)

useClock()

interface Shop {
  raffle: Staged
  organisation: Organisation
  key: string
}

async function keyOf({ id, operator }: Organisation): Promise<string> {
  const body = { name: 'Shop', scopes: ['grants:write'] }
  return (await as(operator, 'POST', `/organisations/${id}/api-keys`, body)).body.key
}

async function stageShop(earning: object = { per: 'order' }, changes: object = {}): Promise<Shop> {
  const organisation = await organisationWithOperator()
  const raffle = await stageRaffle({ entry: 'order', earning, ...changes }, organisation)
  return { raffle, organisation, key: await keyOf(organisation) }
}

const callGrants = (
  { raffle, key: token }: Pick<Shop, 'raffle' | 'key'>,
  method: Method,
  path = '',
  more: { body?: unknown; headers?: Record<string, string>; bindings?: Partial<Bindings> } = {},
): Promise<Answer> => call(method, `/api/v1/raffles/${raffle.id}/grants${path}`, { token, ...more })

let orders = 0
const newRef = () => `shop-${++orders}`

interface What {
  orderRef?: string
  email?: string
  userId?: string
  amount?: number
  currency?: string
}

const grant = (
  shop: Shop,
  { orderRef = newRef(), amount = 1_000, currency = 'KES', ...who }: What,
  { key = newKey(), bindings = {} }: { key?: string; bindings?: Partial<Bindings> } = {},
): Promise<Answer> =>
  callGrants(shop, 'POST', '', {
    body: { orderRef, amount: { amount, currency }, ...who },
    bindings,
    ...withKey(key),
  })

/** The count in the pool itself, because the projection comes a moment later. */
const sold = async (raffleId: string): Promise<number> => (await poolState(poolNameOf(raffleId)))!.sold

const prove = ({ id }: Pick<Person, 'id'>) =>
  env.DB.prepare('UPDATE users SET email_verified_at = ? WHERE id = ?').bind(Date.now(), id).run()

const rowOf = (orderRef: string) =>
  env.DB.prepare('SELECT * FROM grants WHERE order_ref = ?').bind(orderRef).first()

const statusOf = async (shop: Shop, orderRef: string) =>
  (await callGrants(shop, 'GET', `/${orderRef}`)).body.status

describe('the rule', () => {
  it('is part of the raffle, checked when it is created and when it is published', async () => {
    const organisation = await organisationWithOperator()
    const create = (changes: object) =>
      stageDraft({ entry: 'order', ...changes }, organisation).catch(() => 'refused')
    expect(await create({})).toBe('refused')
    const draft = (await create({ earning: { per: 'amount', amountPerEntry: 100 } })) as Staged
    const { body } = await as(organisation.operator, 'GET', `/raffles/${draft.id}`)
    expect(body).toMatchObject({
      entry: 'order',
      maxPerUser: null,
      earning: {
        per: 'amount',
        amountPerEntry: 100,
        minAmount: null,
        maxPerOrder: null,
        oncePerPerson: false,
      },
    })
    await as(organisation.operator, 'PUT', `/raffles/${draft.id}`, { earning: null })
    const refused = await as(organisation.operator, 'POST', `/raffles/${draft.id}/publish`)
    expect(refused.body.errors).toEqual([{ path: 'earning', message: 'say how entries are earned' }])
  })

  it('cannot change once the raffle is published', async () => {
    const { raffle } = await stageShop()
    const change = (body: object) => as(raffle.operator, 'PUT', `/raffles/${raffle.id}`, body)
    expect((await change({ earning: { per: 'order', minAmount: 5 } })).body.code).toBe('invalid_state')
    expect((await change({ earning: { per: 'order' }, description: 'Books' })).status).toBe(200)
  })

  it('refuses a purchase', async () => {
    const { raffle } = await stageShop()
    const { status, body } = await buy(await registerPlayer(), raffle.id)
    expect({ status, detail: body.detail }).toEqual({
      status: 409,
      detail: 'Entries to this raffle are earned by orders.',
    })
  })
})

describe('an order of a shop', () => {
  it.each([
    ['one per order', { per: 'order' }, 250, 1],
    ['three by its amount', { per: 'amount', amountPerEntry: 100 }, 399, 3],
    ['as many as are allowed', { per: 'amount', amountPerEntry: 100, maxPerOrder: 2 }, 900, 2],
    ['none below the minimum', { per: 'order', minAmount: 251 }, 250, 0],
  ])('earns %s', async (_, earning, amount, entries) => {
    const shop = await stageShop(earning)
    const player = await registerPlayer()
    const { status, body } = await grant(shop, { userId: player.id, amount })
    expect(status, JSON.stringify(body)).toBe(201)
    expect(body).toMatchObject({ entries, status: entries === 0 ? 'refused' : 'granted' })
    expect(await sold(shop.raffle.id)).toBe(entries)
  })

  it('earns once, whatever the key, and each repeat gets the same answer', async () => {
    const shop = await stageShop()
    const orderRef = newRef()
    const userId = (await registerPlayer()).id
    const first = await grant(shop, { orderRef, userId }, { key: 'one' })
    expect((await grant(shop, { orderRef, userId }, { key: 'one' })).body).toEqual(first.body)
    expect((await grant(shop, { orderRef, userId }, { key: 'two' })).body).toEqual(first.body)
    const others: What[] = [
      { userId, amount: 2_000 },
      { userId: (await registerPlayer()).id },
      { email: 'a@b.example' },
    ]
    for (const other of others) {
      expect((await grant(shop, { orderRef, ...other })).body.code).toBe('conflict')
    }
    expect((await grant(shop, { userId }, { key: 'one' })).body.code).toBe('idempotency_mismatch')
    expect(await sold(shop.raffle.id)).toBe(1)
  })

  it('may have the same Idempotency-Key as an order under another API key', async () => {
    const shop = await stageShop()
    const other = { ...shop, key: await keyOf(shop.organisation) }
    const userId = (await registerPlayer()).id
    const orderRef = newRef()
    expect((await grant(shop, { orderRef, userId }, { key: '0001' })).body.status).toBe('granted')
    expect((await grant(other, { userId }, { key: '0001' })).body.status).toBe('granted')
    expect((await grant(shop, { userId }, { key: '0001' })).body.code).toBe('idempotency_mismatch')
    expect((await grant(other, { orderRef, userId }, { key: '0001' })).body.orderRef).toBe(orderRef)
    expect(await sold(shop.raffle.id)).toBe(2)
  })

  it('is recognised in an older row that has only the Idempotency-Key', async () => {
    const shop = await stageShop()
    const order = { orderRef: newRef(), userId: (await registerPlayer()).id }
    const { body } = await grant(shop, order, { key: '0002' })
    await env.DB.prepare(`UPDATE grants SET "key" = '0002' WHERE order_ref = ?`).bind(order.orderRef).run()
    expect((await grant(shop, order, { key: '0002' })).body).toEqual(body)
    expect((await grant(shop, { ...order, orderRef: newRef() }, { key: '0003' })).body.status).toBe('granted')
  })

  it('earns once when it is granted ten times concurrently', async () => {
    const shop = await stageShop({ per: 'amount', amountPerEntry: 500 })
    const orderRef = newRef()
    const userId = (await registerPlayer()).id
    const answers = await Promise.all(Array.from({ length: 10 }, () => grant(shop, { orderRef, userId })))
    for (const { body } of answers) expect(body).toMatchObject({ status: 'granted', entries: 2 })
    expect(await sold(shop.raffle.id)).toBe(2)
  })

  it('earns once per person if the rule says so, even with concurrent orders', async () => {
    const shop = await stageShop({ per: 'order', oncePerPerson: true })
    const userId = (await registerPlayer()).id
    const answers = await Promise.all(Array.from({ length: 6 }, () => grant(shop, { userId })))
    const statuses = answers.map(({ body }) => body.status).sort()
    expect(statuses).toEqual(['granted', ...Array(5).fill('refused')])
    expect(await sold(shop.raffle.id)).toBe(1)
  })

  it('may earn for a person whose earlier grant was revoked', async () => {
    const shop = await stageShop({ per: 'order', oncePerPerson: true })
    const userId = (await registerPlayer()).id
    const { body } = await grant(shop, { userId })
    await callGrants(shop, 'DELETE', `/${body.orderRef}`)
    expect((await grant(shop, { userId })).body.status).toBe('granted')
    expect(await sold(shop.raffle.id)).toBe(1)
  })

  it('is refused with a reason when too few tickets are left, or sales are over', async () => {
    const shop = await stageShop({ per: 'amount', amountPerEntry: 100 }, { totalTickets: 5 })
    const userId = (await registerPlayer()).id
    const answer = await grant(shop, { userId, amount: 600 })
    expect(answer.body).toMatchObject({ status: 'refused', entries: 0, reason: 'Only 5 left.' })
    at(CLOSES_AT)
    expect((await grant(shop, { userId, amount: 100 })).body.status).toBe('refused')
  })

  it('waits for sales to open', async () => {
    const shop = await stageShop({ per: 'order' }, { opensAt: iso(NOW + 10 * MINUTE) })
    const { body } = await grant(shop, { userId: (await registerPlayer()).id })
    expect(body.status).toBe('waiting')
    at(NOW + 10 * MINUTE)
    await sweep()
    expect(await statusOf(shop, body.orderRef)).toBe('granted')
  })

  it('is refused if it is invalid', async () => {
    const shop = await stageShop()
    const userId = (await registerPlayer()).id
    for (const wrong of [
      { userId, currency: 'EUR' },
      { userId: newId('user') },
      { userId, email: 'a@b.example' },
      {},
      { userId, amount: 0 },
      { userId, orderRef: newId('order') },
      { userId, orderRef: '..' },
      { userId, orderRef: '  ' },
      { userId, orderRef: 'two\nlines' },
      { userId, orderRef: '#'.repeat(101) },
    ]) {
      expect((await grant(shop, wrong)).status, JSON.stringify(wrong)).toBe(422)
    }
    const draft = await stageDraft({ entry: 'order', earning: { per: 'order' } }, shop.organisation)
    expect((await grant({ ...shop, raffle: draft }, { userId })).body.code).toBe('invalid_state')
    const bought = await stageRaffle({}, shop.organisation)
    expect((await grant({ ...shop, raffle: bought }, { userId })).body.code).toBe('invalid_state')
  })
})

describe('a grant to an address', () => {
  it('waits until its owner has registered and verified the address', async () => {
    const shop = await stageShop()
    const email = uniqueEmail()
    const { body } = await grant(shop, { email })
    const { orderRef } = body
    expect(body).toMatchObject({ status: 'waiting', entries: 0 })
    const player = await registerPlayer({ email, isProved: false })
    await takeOverGrants(testContext(), player.id)
    await sweep()
    expect(await statusOf(shop, orderRef)).toBe('waiting')
    await prove(await registerPlayer({ isProved: false }))
    await prove(player)
    await takeOverGrants(testContext(), player.id)
    expect(await statusOf(shop, orderRef)).toBe('granted')
    expect(await rowOf(orderRef)).toMatchObject({ user_id: player.id, email: null })
    expect((await grant(shop, { orderRef, email: email.toUpperCase() })).body.status).toBe('granted')
    expect(await sold(shop.raffle.id)).toBe(1)
  })

  it('is finished by the sweep if the verification did not trigger it', async () => {
    const shop = await stageShop()
    const player = await registerPlayer({ isProved: false })
    const { body } = await grant(shop, { email: player.email })
    expect(body.status).toBe('waiting')
    await prove(player)
    await sweep()
    expect(await statusOf(shop, body.orderRef)).toBe('granted')
  })

  it('is granted at once if the address is verified', async () => {
    const shop = await stageShop()
    const player = await registerPlayer()
    await prove(player)
    expect((await grant(shop, { email: player.email })).body.status).toBe('granted')
  })

  it('is refused when sales end, and the address is deleted', async () => {
    const shop = await stageShop()
    const email = uniqueEmail()
    const { body } = await grant(shop, { email })
    at(CLOSES_AT)
    await sweep()
    expect(await statusOf(shop, body.orderRef)).toBe('refused')
    expect(await rowOf(body.orderRef)).toMatchObject({ email: null, due_at: null })
    at(CLOSES_AT + MINUTE)
    const reason = `Sales closed at ${iso(CLOSES_AT)}.`
    expect((await grant(shop, { email })).body).toMatchObject({ status: 'refused', reason })
  })

  it.each([
    [
      'closed early',
      'operator',
      (shop: Shop) => as(shop.raffle.operator, 'POST', `/raffles/${shop.raffle.id}/close`, {}),
    ],
    ['sold out', 'soldOut', async (shop: Shop) => grant(shop, { userId: (await registerPlayer()).id })],
  ])('is refused, and the address deleted, when its raffle is %s', async (_, earlyClose, close) => {
    const shop = await stageShop({ per: 'order' }, { earlyClose, totalTickets: 1 })
    const email = uniqueEmail()
    const { orderRef } = (await grant(shop, { email })).body
    const closedAt = NOW + MINUTE
    at(closedAt)
    expect((await close(shop)).status).toBeLessThan(300)
    const late = await grant(shop, { email })
    expect(late.body).toMatchObject({ status: 'refused', reason: `Sales closed at ${iso(closedAt)}.` })
    await sweep()
    const reason = 'It had no owner before sales closed.'
    expect((await callGrants(shop, 'GET', `/${orderRef}`)).body).toMatchObject({ status: 'refused', reason })
    for (const ref of [orderRef, late.body.orderRef]) {
      expect(await rowOf(ref)).toMatchObject({ email: null, due_at: null })
    }
  })

  it.each([
    ['on sale', {}],
    ['not on sale yet', { opensAt: iso(NOW + 10 * MINUTE) }],
  ])('is refused, and the address deleted, when its raffle is cancelled, %s', async (_, times) => {
    const shop = await stageShop({ per: 'order' }, times)
    const address = { email: uniqueEmail() }
    const early = (await grant(shop, address)).body
    const { id, operator } = shop.raffle
    expect((await as(operator, 'POST', `/raffles/${id}/cancel`, { reason: 'rain' })).status).toBe(200)
    const late = (await grant(shop, address)).body
    await sweep()
    for (const { orderRef } of [early, late]) {
      const { body } = await callGrants(shop, 'GET', `/${orderRef}`)
      expect(body).toMatchObject({ status: 'refused', reason: 'This raffle was cancelled.' })
      expect(await rowOf(orderRef)).toMatchObject({ email: null, due_at: null })
    }
  })
})

describe('a suspended user', () => {
  const setStatus = async ({ id }: Person, status: string) => {
    const answer = await as(await signedInAdmin(), 'PUT', `/users/${id}/status`, { status })
    expect(answer.status).toBe(200)
  }

  it('earns nothing by address, and the shop sees an unverified address', async () => {
    const shop = await stageShop()
    const player = await registerPlayer()
    await prove(player)
    await setStatus(player, 'suspended')
    const stranger = (await grant(shop, { email: uniqueEmail() })).body
    const { orderRef, ...answer } = (await grant(shop, { email: player.email })).body
    expect(answer).toEqual({ ...stranger, orderRef: undefined })
    await takeOverGrants(testContext(), player.id)
    await sweep()
    expect(await statusOf(shop, orderRef)).toBe('waiting')
    expect(await sold(shop.raffle.id)).toBe(0)
    at(CLOSES_AT)
    await sweep()
    const ended = async (ref: string) => ({
      ...(await callGrants(shop, 'GET', `/${ref}`)).body,
      orderRef: '',
    })
    expect(await ended(orderRef)).toEqual(await ended(stranger.orderRef))
  })

  it('earns the entries if active again while sales last', async () => {
    const shop = await stageShop()
    const player = await registerPlayer()
    await prove(player)
    await setStatus(player, 'suspended')
    const { orderRef } = (await grant(shop, { email: player.email })).body
    await setStatus(player, 'active')
    await sweep()
    expect(await statusOf(shop, orderRef)).toBe('granted')
  })

  it('earns nothing by id, and the shop sees an unknown user', async () => {
    const shop = await stageShop()
    const player = await registerPlayer()
    const earlier = { orderRef: newRef(), userId: player.id }
    await grant(shop, earlier)
    await setStatus(player, 'suspended')
    const refused = await grant(shop, { userId: player.id })
    const { status, errors, detail } = (await grant(shop, { userId: newId('user') })).body
    expect(refused.body).toMatchObject({ status, errors, detail })
    const revoked = { status: 'revoked', reason: 'This person may not take part.' }
    expect((await grant(shop, earlier)).body).toMatchObject(revoked)
    expect(await sold(shop.raffle.id)).toBe(0)
  })
})

describe('a refunded order', () => {
  it('loses its entries for ever', async () => {
    const shop = await stageShop({ per: 'amount', amountPerEntry: 500 })
    const orderRef = newRef()
    const userId = (await registerPlayer()).id
    await grant(shop, { orderRef, userId })
    expect(await sold(shop.raffle.id)).toBe(2)
    for (let time = 0; time < 3; time++) {
      const { status, body } = await callGrants(shop, 'DELETE', `/${orderRef}`)
      expect({ status, said: body.status }).toEqual({ status: 200, said: 'revoked' })
    }
    expect((await grant(shop, { orderRef, userId })).body.status).toBe('revoked')
    expect(await sold(shop.raffle.id)).toBe(0)
  })

  it('that was still waiting never earns', async () => {
    const shop = await stageShop()
    const player = await registerPlayer()
    const { body } = await grant(shop, { email: player.email })
    expect((await callGrants(shop, 'DELETE', `/${body.orderRef}`)).body.status).toBe('revoked')
    await prove(player)
    await takeOverGrants(testContext(), player.id)
    await sweep()
    expect(await statusOf(shop, body.orderRef)).toBe('revoked')
    expect(await sold(shop.raffle.id)).toBe(0)
  })

  it('keeps its entries once the ticket list is frozen for the draw', async () => {
    const shop = await stageShop({ per: 'order' }, { drawAt: iso(DRAW_AT) })
    const { body } = await grant(shop, { userId: (await registerPlayer()).id })
    at(CLOSES_AT + MINUTE)
    await ringAlarm(shop.raffle.pool)
    for (let time = 0; time < 2; time++) {
      expect((await callGrants(shop, 'DELETE', `/${body.orderRef}`)).body.code).toBe('invalid_state')
    }
    await sweep()
    expect(await statusOf(shop, body.orderRef)).toBe('granted')
    expect(await rowOf(body.orderRef)).toMatchObject({ revoke_asked_at: null, due_at: null })
  })

  it('without a grant is not found', async () => {
    const shop = await stageShop()
    expect((await callGrants(shop, 'DELETE', '/unknown-ref')).body.detail).toBe('No such grant.')
  })
})

describe('grants', () => {
  it('are hidden from foreign keys and from players, and refused to members without the permission', async () => {
    const shop = await stageShop()
    const { body } = await grant(shop, { userId: (await registerPlayer()).id })
    const foreign = { raffle: shop.raffle, key: await keyOf(await organisationWithOperator()) }
    const nowhere = { ...foreign, raffle: { ...shop.raffle, id: newId('raffle') } }
    const gift = { body: { ...GRANT, userId: (await registerPlayer()).id }, ...withKey('k') }
    for (const [method, path, more] of [
      ['GET', '', {}],
      ['POST', '', gift],
      ['GET', `/${body.orderRef}`, {}],
      ['DELETE', `/${body.orderRef}`, {}],
    ] as const) {
      const answer = await callGrants(foreign, method, path, more)
      expect(answer.body).toMatchObject({ status: 404, detail: 'No such raffle.' })
      expect(answer.body.detail).toBe((await callGrants(nowhere, method, path, more)).body.detail)
      const where = `/raffles/${shop.raffle.id}/grants${path}`
      const asPerson = (person: Person) =>
        as(person, method, where, 'body' in more ? more.body : undefined, more)
      const isKeys = method === 'POST'
      expect((await asPerson(await registerPlayer())).status).toBe(isKeys ? 403 : 404)
      expect((await asPerson(await addOperator(shop.organisation.id, 'janitor'))).status).toBe(403)
    }
    expect(await statusOf(shop, body.orderRef)).toBe('granted')
  })

  it('are listed page by page, to the key and to members', async () => {
    const shop = await stageShop()
    const refs: string[] = []
    for (let n = 0; n < 3; n++) {
      refs.push((await grant(shop, { userId: (await registerPlayer()).id })).body.orderRef)
    }
    const first = (await callGrants(shop, 'GET', '?limit=2')).body
    const rest = (await callGrants(shop, 'GET', `?limit=2&cursor=${first.nextCursor}`)).body
    expect([...first.data, ...rest.data].map(({ orderRef }) => orderRef)).toEqual(refs.sort())
    expect(rest.nextCursor).toBeNull()
    const { operator, id } = shop.raffle
    const ofStatus = async (status: string) =>
      (await as(operator, 'GET', `/raffles/${id}/grants?status=${status}`)).body.data.length
    expect((await as(operator, 'GET', `/raffles/${id}/grants`)).body.data).toHaveLength(3)
    expect((await as(operator, 'DELETE', `/raffles/${id}/grants/${refs[0]}`)).body.status).toBe('revoked')
    expect([await ofStatus('revoked'), await ofStatus('granted'), await ofStatus('granted,revoked')]).toEqual(
      [1, 2, 3],
    )
  })

  it.each(['#1001', '../x', '100% & more/2026?', 'Заказ № 5', '%231001', 'e\u0301t\u00e9'])(
    'may have any printable reference: %s',
    async (orderRef) => {
      const shop = await stageShop()
      const userId = (await registerPlayer()).id
      const stored = orderRef.normalize('NFC')
      const { status, body, headers } = await grant(shop, { orderRef, userId }, { key: 'Order 1' })
      expect([status, body.orderRef]).toEqual([201, stored])
      const path = `/${encodeURIComponent(orderRef)}`
      expect(headers.get('location')).toBe(
        `/api/v1/raffles/${shop.raffle.id}/grants/${encodeURIComponent(stored)}`,
      )
      expect((await callGrants(shop, 'GET', path)).body).toMatchObject({
        orderRef: stored,
        status: 'granted',
      })
      expect((await callGrants(shop, 'DELETE', path)).body.status).toBe('revoked')
    },
  )

  it('have all their routes in this file', () => {
    const declared = operations.filter(({ description }) => /key$/.test(description.auth))
    const known = ROUTES.map(
      ({ method, path }) => `${method} ${path.replace(RAFFLE, ':id').replace('shop-1', ':orderRef')}`,
    )
    expect(declared.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(known.sort())
  })
})

describe('wherever the process crashes', () => {
  it('a grant gives the same entries once, and its revocation voids them all', async () => {
    expectLogged('grant not finished yet', 'unexpected error')
    const shop = await stageShop({ per: 'amount', amountPerEntry: 500 }, { totalTickets: 1_000 })
    await everyDeath(async (death, where) => {
      const orderRef = newRef()
      const userId = (await registerPlayer()).id
      const process = crashableProcess(death)
      const given = await grant(shop, { orderRef, userId }, { bindings: process.bindings })
      await process.settled()
      const isWritten = (await rowOf(orderRef)) !== null
      await sweep()
      if (isWritten) expect(await statusOf(shop, orderRef), where).toBe('granted')
      else expect(given.status, where).not.toBe(201)
      expect((await grant(shop, { orderRef, userId })).body, where).toMatchObject({
        status: 'granted',
        entries: 2,
      })
      expect(await sold(shop.raffle.id), where).toBe(2)

      const other = crashableProcess(death)
      const undone = await callGrants(shop, 'DELETE', `/${orderRef}`, { bindings: other.bindings })
      await other.settled()
      const row = (await rowOf(orderRef))!
      await sweep()
      const revoked = row.revoke_asked_at !== null || row.status === 'revoked'
      expect(await statusOf(shop, orderRef), where).toBe(revoked ? 'revoked' : 'granted')
      if (!revoked) expect(undone.status, where).not.toBe(200)
      await callGrants(shop, 'DELETE', `/${orderRef}`)
      expect(await sold(shop.raffle.id), where).toBe(0)
      return process.isDead() || other.isDead()
    })
  }, 60_000)

  it('a grant that is revoked between the pool and the row is voided, and no log shows its reference', async () => {
    expectLogged('grant not finished yet')
    const shop = await stageShop()
    const orderRef = `${newRef()}-of-amina@example.com`
    const userId = (await registerPlayer()).id
    const crash = crashing(/update "grants" set .*"reservation_id"/i)
    await grant(shop, { orderRef, userId }, { bindings: { DB: crash.DB } })
    expect(crash.done()).toBe(true)
    expect(await rowOf(orderRef)).toMatchObject({ status: 'waiting', reservation_id: null })
    expect(await sold(shop.raffle.id)).toBe(1)
    expect((await callGrants(shop, 'DELETE', `/${orderRef}`)).body.status).toBe('revoked')
    await sweep()
    expect(JSON.stringify(logged())).not.toContain('amina@')
    expect(await sold(shop.raffle.id)).toBe(0)
  })
})

describe('an order of our own shop', () => {
  async function stageBoth(earning: object = { per: 'amount', amountPerEntry: PRICE }) {
    const shop = await stageShop(earning, { drawAt: iso(CLOSES_AT + 2 * HOUR), totalTickets: 100 })
    const priced = await stagePriced({ totalTickets: 100 }, shop.raffle)
    return { shop, priced, player: await registerPlayer() }
  }
  const refund = (priced: Staged, id: string, lines?: object, bindings: Partial<Bindings> = {}) => {
    const body = { reason: 'Cannot come.', lines }
    return as(priced.operator, 'POST', `/orders/${id}/refunds`, body, { ...withKey(newKey()), bindings })
  }

  it('earns automatically when it is paid, in the open raffles of its organisation', async () => {
    const { shop, priced, player } = await stageBoth()
    const stranger = await stageShop()
    const later = await stageRaffle(
      { entry: 'order', earning: { per: 'order' }, opensAt: iso(NOW + MINUTE) },
      shop.organisation,
    )
    const euros = await stageRaffle(
      { entry: 'order', earning: { per: 'order' }, ticketPrice: { amount: 0, currency: 'EUR' } },
      shop.organisation,
    )
    const { id } = await paid(player, priced.id, 3)
    expect((await callGrants(shop, 'GET', `/${id}`)).body).toMatchObject({
      status: 'granted',
      entries: 3,
      amount: { amount: 3 * PRICE, currency: 'KES' },
    })
    for (const raffle of [stranger.raffle, later, euros]) expect(await sold(raffle.id)).toBe(0)
    await sweep()
    expect(await sold(shop.raffle.id)).toBe(3)
  })

  it('loses its entries when all of it is refunded, and not before', async () => {
    const { shop, priced, player } = await stageBoth()
    const { id } = await paid(player, priced.id, 2)
    const [first] = (await orderOf(player, id)).lines[0].tickets
    const number = typeof first === 'number' ? first : first.number
    expect((await refund(priced, id, [{ line: 0, numbers: [number] }])).status).toBe(201)
    await sweep()
    expect(await sold(shop.raffle.id)).toBe(2)
    expect((await refund(priced, id)).status).toBe(201)
    expect(await statusOf(shop, id)).toBe('revoked')
    expect(await sold(shop.raffle.id)).toBe(0)
  })

  it('keeps its entries while it is paid: nobody can revoke them', async () => {
    const { shop, priced, player } = await stageBoth()
    const { id } = await paid(player, priced.id)
    const path = `/raffles/${shop.raffle.id}/grants/${id}`
    const given = await grant(shop, { orderRef: id, userId: player.id })
    for (const answer of [
      await callGrants(shop, 'DELETE', `/${id}`),
      await as(shop.raffle.operator, 'DELETE', path),
    ]) {
      expect(answer.status).toBe(422)
      expect(answer.body.errors).toEqual(given.body.errors)
    }
    expect((await as(player, 'DELETE', path)).status).toBe(404)
    expect(await statusOf(shop, id)).toBe('granted')
    expect(await sold(shop.raffle.id)).toBe(1)
  })

  it('loses its entries at once: the ticket list freezes without them, even before the sweep', async () => {
    const { shop, priced, player } = await stageBoth()
    await paid(await registerPlayer(), priced.id)
    const { id } = await paid(player, priced.id)
    at(CLOSES_AT - 1)
    expect((await refund(priced, id)).status).toBe(201)
    at(CLOSES_AT + MINUTE)
    await ringAlarm(shop.raffle.pool)
    expect((await poolState(shop.raffle.pool))!.commitment).toMatchObject({ ticketCount: 1 })
    await sweep()
    expect(await statusOf(shop, id)).toBe('revoked')
  })

  it('is refunded even if its entries cannot be voided now; the sweep voids them', async () => {
    expectLogged('grant not finished yet')
    const { shop, priced, player } = await stageBoth()
    const { id } = await paid(player, priced.id)
    const crash = crashing(/update "grants" set .*"status" = /i)
    expect((await refund(priced, id, undefined, { DB: crash.DB })).status).toBe(201)
    expect(crash.done()).toBe(true)
    expect(await statusOf(shop, id)).toBe('granted')
    await sweep()
    expect(await statusOf(shop, id)).toBe('revoked')
    expect(await sold(shop.raffle.id)).toBe(0)
  })

  it.each([
    ['waits to be granted', /update "grants" set "user_id"/i],
    ['is just being granted', /update "grants" set .*"reservation_id" = /i],
  ])('loses its entries when it is refunded while its grant %s', async (_, moment) => {
    const { shop, priced, player } = await stageBoth()
    const { id, checkoutUrl } = await reserve(player, priced.id)
    const meanwhile = interrupted(moment, async () => expect((await refund(priced, id)).status).toBe(201))
    const approve = { method: 'POST', body: new URLSearchParams({ action: 'approve' }) }
    await app.fetch(new Request(checkoutUrl, approve), environment({ DB: meanwhile.DB }))
    expect(meanwhile.done()).toBe(true)
    expect((await orderOf(player, id)).status).toBe('refunded')
    expect(await statusOf(shop, id)).toBe('revoked')
    expect(await sold(shop.raffle.id)).toBe(0)
    expect(await rowOf(id)).toMatchObject({ revoke_asked_at: null, due_at: null })
  })

  it('earns nothing for a buyer who is suspended while it is settled, unless active again', async () => {
    const { shop, priced, player } = await stageBoth()
    const { id, checkoutUrl } = await reserve(player, priced.id)
    const setStatus = (status: string) =>
      env.DB.prepare('UPDATE users SET status = ? WHERE id = ?').bind(status, player.id).run()
    const meanwhile = interrupted(/insert into "grants"/i, () => setStatus('suspended'))
    const approve = { method: 'POST', body: new URLSearchParams({ action: 'approve' }) }
    await app.fetch(new Request(checkoutUrl, approve), environment({ DB: meanwhile.DB }))
    expect(meanwhile.done()).toBe(true)
    expect(await statusOf(shop, id)).toBe('waiting')
    expect(await sold(shop.raffle.id)).toBe(0)
    await setStatus('active')
    at(CLOSES_AT - 1)
    await sweep()
    expect(await statusOf(shop, id)).toBe('granted')
  })

  it('loses its entries when the raffle that it bought is cancelled', async () => {
    const { shop, priced, player } = await stageBoth()
    const { id } = await paid(player, priced.id, 2)
    await as(priced.operator, 'POST', `/raffles/${priced.id}/cancel`, { reason: 'rain' })
    await sweep()
    expect(await statusOf(shop, id)).toBe('revoked')
    expect(await sold(shop.raffle.id)).toBe(0)
  })

  it('keeps its entries when it is refunded after the freeze', async () => {
    const { shop, priced, player } = await stageBoth()
    const long = await stagePriced(
      { closesAt: iso(CLOSES_AT + HOUR), drawAt: iso(CLOSES_AT + 3 * HOUR) },
      priced,
    )
    const { id } = await paid(player, long.id)
    at(CLOSES_AT + MINUTE)
    await ringAlarm(shop.raffle.pool)
    expect((await refund(long, id)).status).toBe(201)
    await sweep()
    expect(await statusOf(shop, id)).toBe('granted')
    expect(await sold(shop.raffle.id)).toBe(1)
  })

  it('earns once, wherever its settlement crashes', async () => {
    expectLogged(
      'a webhook was stored and not acted on',
      'grant not finished yet',
      'the sandbox’s webhook was not received',
      'unexpected error',
    )
    const { shop, priced } = await stageBoth()
    let bought = 0
    await everyDeath(async (death, where) => {
      const player = await registerPlayer()
      const { id, checkoutUrl } = await reserve(player, priced.id, 1)
      const process = crashableProcess(death)
      const approve = { method: 'POST', body: new URLSearchParams({ action: 'approve' }) }
      await app.fetch(new Request(checkoutUrl, approve), environment(process.bindings))
      await process.settled()
      await press(checkoutUrl, 'approve').catch(() => {})
      await sweep()
      expect((await orderOf(player, id)).status, where).toBe('paid')
      expect(await statusOf(shop, id), where).toBe('granted')
      expect(await sold(shop.raffle.id), where).toBe(++bought)
      return process.isDead()
    })
  }, 60_000)
})

describe('the rules about who may enter', () => {
  it('refuse entries of a member of the organisation, and say why', async () => {
    const shop = await stageShop()
    const { body } = await grant(shop, { userId: shop.organisation.operator.id })
    expect(body).toMatchObject({
      status: 'refused',
      entries: 0,
      reason: 'Members of the organisation cannot take part, nor in the 30 days after they leave it.',
    })
    expect(await sold(shop.raffle.id)).toBe(0)
    const open = await stageShop({ per: 'order' }, { staffMayEnter: true })
    expect((await grant(open, { userId: open.organisation.operator.id })).body.status).toBe('granted')
  })

  it('let a grant wait until its user proves the address', async () => {
    const shop = await stageShop({ per: 'order', oncePerPerson: true }, { entrants: 'proved' })
    const player = await registerPlayer({ isProved: false })
    const orderRef = newRef()
    expect((await grant(shop, { orderRef, userId: player.id })).body).toMatchObject({
      status: 'waiting',
      entries: 0,
    })
    at(NOW + MINUTE)
    await sweep()
    expect(await statusOf(shop, orderRef)).toBe('waiting')
    await prove(player)
    await sweep()
    expect(await statusOf(shop, orderRef)).toBe('granted')
    expect(await sold(shop.raffle.id)).toBe(1)
    expect((await grant(shop, { userId: (await registerPlayer({ isProved: false })).id })).body.status).toBe(
      'waiting',
    )
  })

  it('refuse a grant whose user did not prove the address before sales closed', async () => {
    const shop = await stageShop({ per: 'order' }, { entrants: 'proved' })
    const orderRef = newRef()
    await grant(shop, { orderRef, userId: (await registerPlayer({ isProved: false })).id })
    at(CLOSES_AT)
    await sweep()
    expect((await callGrants(shop, 'GET', `/${orderRef}`)).body).toMatchObject({
      status: 'refused',
      reason: 'It had no owner with a proved e-mail address before sales closed.',
    })
  })
})
